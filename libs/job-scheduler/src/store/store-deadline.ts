import type { BackendFactory, IQueueBackend } from 'bullmq';
import type { Clock } from '../common/clock.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import { CallTurns } from './call-turns.js';
import { isStoreAway, reasonOf } from './store-away.js';

/** How long a producer's command may take from when it gets its turn, in milliseconds. `enqueue` answers within 5 s. */
export const COMMAND_DEADLINE = 4_500;

/** Makes commands fail in time, and with an error of ours, when the store is away. */
export class StoreDeadline {
  readonly turns: CallTurns;

  constructor(
    private readonly address: string,
    clock: Clock,
    private readonly milliseconds = COMMAND_DEADLINE,
  ) {
    this.turns = new CallTurns(clock);
  }

  /** @throws StoreUnavailableError when `work` fails because the store is away, or is not done in time. It may be done later all the same. */
  async run<T>(work: Promise<T>): Promise<T> {
    try {
      return await this.turns.limitCommand(
        work,
        this.milliseconds,
        () => new StoreUnavailableError(this.address, `did not answer within ${this.milliseconds} ms`),
      );
    } catch (error) {
      throw isStoreAway(error) ? new StoreUnavailableError(this.address, `is away: ${reasonOf(error)}`, error) : error;
    }
  }

  /** A factory whose backends' commands all run under this deadline. For producers: a worker's commands wait. */
  guard(factory: BackendFactory<IQueueBackend, unknown>): BackendFactory<IQueueBackend, unknown> {
    return (name, options, parts) => this.guardBackend(factory(name, options, parts));
  }

  private guardBackend(backend: IQueueBackend): IQueueBackend {
    const guarded = new Map<PropertyKey, unknown>();
    return new Proxy(backend, {
      get: (target, property) => {
        const known = guarded.get(property);
        if (known) return known;
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        const call = this.guardMethod(target, property, value as (...args: unknown[]) => unknown);
        guarded.set(property, call);
        return call;
      },
    });
  }

  private guardMethod(target: IQueueBackend, property: PropertyKey, method: (...args: unknown[]) => unknown) {
    if (UNGUARDED.has(property)) return method.bind(target);
    return (...args: unknown[]) => {
      const result = method.apply(target, args);
      return result instanceof Promise ? this.run(result) : result;
    };
  }
}

/** Parts of a backend's life: they wait for the connection, or end it. */
const UNGUARDED: ReadonlySet<PropertyKey> = new Set([
  'waitUntilReady',
  'close',
  'disconnect',
  'disconnectBlocking',
  'reconnectBlocking',
]);
