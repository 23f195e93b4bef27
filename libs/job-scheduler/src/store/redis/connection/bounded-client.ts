import { createIORedisClient, type IRedisClient, type IRedisTransaction } from 'bullmq';
import { QueueFullError } from '../../../errors/queue-errors.js';
import {
  ADD_SCRIPTS,
  type AddKind,
  addKindOf,
  addWithinScript,
  type ScriptDefinition,
} from '../finish/bullmq-scripts.js';
import type { RedisClient } from './redis-client.js';

/** Our script's name on the connection; BullMQ's version follows. */
const ADD_WITHIN = 'jobsAddWithin';

/** A call of one of BullMQ's scripts. */
interface Add {
  readonly kind: AddKind;
  readonly keys: readonly unknown[];
  readonly rest: readonly unknown[];
}

/**
 * The client for a BullMQ queue in which at most `limit` jobs may wait: BullMQ's own, but that its calls to add jobs go
 * through one script that first looks whether there is room.
 * @param waiting key of the queue's list of waiting jobs.
 */
export function boundedClient(client: RedisClient, queue: string, waiting: string, limit: number): IRedisClient {
  const plain: IRedisClient = createIORedisClient(client);
  const found = new Map<AddKind, ScriptDefinition>();
  let isDefined = false;

  function define(): void {
    const [s, p, d] = (['s', 'p', 'd'] as const).map((kind) => found.get(kind)?.lua);
    if (s === undefined || p === undefined || d === undefined) {
      throw new Error(
        `BullMQ has other scripts than ${Object.keys(ADD_SCRIPTS).join(', ')}: maxWaiting cannot be kept`,
      );
    }
    plain.defineCommand(ADD_WITHIN, { numberOfKeys: 1, lua: addWithinScript({ s, p, d }) });
    isDefined = true;
  }

  function toAdd(kind: AddKind, args: readonly unknown[]): Add {
    const { numberOfKeys } = found.get(kind)!;
    return { kind, keys: args.slice(0, numberOfKeys), rest: args.slice(numberOfKeys) };
  }

  async function send(adds: readonly Add[]): Promise<unknown[]> {
    if (!isDefined) define();
    const keys = JSON.stringify(Object.fromEntries(adds.map((add) => [add.kind, add.keys])));
    const jobs = adds.flatMap(({ kind, rest }) => [kind, ...rest]);
    const answers = (await plain.runCommand(ADD_WITHIN, [waiting, limit, keys, ...jobs])) as unknown[] | null;
    if (!answers) throw new QueueFullError(queue, limit, adds.length);
    return answers;
  }

  /** A pipeline whose adds leave together. Other commands go the ordinary way. */
  function pipeline(): IRedisTransaction {
    const ordinary = plain.pipeline();
    const adds: Add[] = [];
    const changed: Pick<IRedisTransaction, 'runCommand' | 'exec'> = {
      runCommand(name, args) {
        const kind = addKindOf(name);
        if (kind) adds.push(toAdd(kind, args));
        else ordinary.runCommand(name, args);
        return this as IRedisTransaction;
      },
      async exec() {
        if (adds.length === 0) return ordinary.exec();
        return (await send(adds)).map((answer) => [null, answer]);
      },
    };
    return Object.create(ordinary, Object.getOwnPropertyDescriptors(changed)) as IRedisTransaction;
  }

  const changed: Partial<IRedisClient> = {
    defineCommand(name, definition) {
      const kind = addKindOf(name);
      if (kind) found.set(kind, definition);
      plain.defineCommand(name, definition);
    },
    async runCommand(name, args) {
      const kind = addKindOf(name);
      // Jobs for later need no room.
      if (!kind || kind === 'd') return plain.runCommand(name, args);
      return (await send([toAdd(kind, args)]))[0];
    },
    pipeline,
  };
  return new Proxy(plain, {
    get(target, property) {
      if (Object.hasOwn(changed, property)) return changed[property as keyof IRedisClient];
      // BullMQ defines only what it does not find; another queue may have done so on this connection.
      const kind = typeof property === 'string' ? addKindOf(property) : undefined;
      return kind && !found.has(kind) ? undefined : Reflect.get(target, property);
    },
  });
}
