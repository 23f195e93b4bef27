import { createIORedisClient, type IRedisClient } from 'bullmq';
import { JOB_KEY, type FinishSender, type ScriptDefinition } from './finish-sender.js';
import type { RedisClient } from './redis-client.js';
import { CORRUPT_KEYS, finishWithRecord } from './write-executions.lua.js';

/** BullMQ's script that ends a job; its version follows. */
const FINISH = 'moveToFinished:';
/** With another number of keys it is not the script that this was written for, and is left as it is. */
const FINISH_KEYS = 14;
/** Before the name of the same script with our record. */
const RECORDING = 'jobs:';

/** What comes after BullMQ's own arguments; see `finishWithRecord`. */
export type RecordArguments = readonly (string | number | Buffer)[];

/** Records that are to be stored by the call that ends their job. */
export class RecordsAlong {
  /** Whether the script has been found that takes them. */
  isPossible = false;
  /** By BullMQ's key of the job. No `Map`, for the same reason as `JobsById`. */
  private readonly records: Record<string, RecordArguments> = Object.create(null) as Record<string, RecordArguments>;

  attach(jobKey: string, record: RecordArguments): void {
    this.records[jobKey] = record;
  }

  take(jobKey: string): RecordArguments | undefined {
    const record = this.records[jobKey];
    if (record !== undefined) delete this.records[jobKey];
    return record;
  }
}

/**
 * The client that BullMQ's workers use: BullMQ's own, but that the call which ends a job also stores the job's record, if
 * one was attached. A second call for it would cost both sides a third of what the job itself costs.
 *
 * @param sender absent: the calls go the ordinary way, which takes longer.
 */
export function recordingClient(
  client: RedisClient,
  sender: FinishSender | undefined,
  records: RecordsAlong,
  warnCorrupt: (key: string) => void,
): IRedisClient {
  const plain = createIORedisClient(client);

  function define(name: string, definition: ScriptDefinition): void {
    plain.defineCommand(name, definition);
    sender?.define(name, definition);
  }

  async function finish(name: string, args: unknown[], record: RecordArguments | undefined): Promise<unknown> {
    const script = record ? RECORDING + name : name;
    const all = record ? args.concat(record) : args;
    try {
      return await (sender ? sender.send(script, all) : plain.runCommand(script, all));
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      if (sender && message.startsWith('NOSCRIPT')) return plain.runCommand(script, all);
      if (!message.startsWith(CORRUPT_KEYS)) throw error;
      for (const key of message.slice(CORRUPT_KEYS.length).split('\t')) warnCorrupt(key);
      return plain.runCommand(name, args);
    }
  }

  const changed: Pick<IRedisClient, 'defineCommand' | 'runCommand'> = {
    defineCommand(name, definition) {
      if (!name.startsWith(FINISH) || definition.numberOfKeys !== FINISH_KEYS)
        return plain.defineCommand(name, definition);
      records.isPossible = true;
      define(name, definition);
      define(RECORDING + name, { ...definition, lua: finishWithRecord(definition.lua) });
    },
    runCommand(name, args) {
      return records.isPossible && name.startsWith(FINISH)
        ? finish(name, args, records.take(String(args[JOB_KEY])))
        : plain.runCommand(name, args);
    },
  };
  // Defined, not assigned: BullMQ's client is a proxy that hands assignments on to the connection.
  return Object.create(plain, Object.getOwnPropertyDescriptors(changed)) as IRedisClient;
}
