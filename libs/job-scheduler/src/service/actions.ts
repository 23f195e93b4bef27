import { AsyncLocalStorage } from 'node:async_hooks';
import { OwnLogger } from '../common/own-logger.js';

/** Made when it is first needed: following every promise of the process costs all jobs time. */
let actor: AsyncLocalStorage<string> | undefined;

/** Of a name that goes into a log line. */
const LONGEST = 200;

/**
 * Says who does what `work` asks of the scheduler: it stands in the log line of each action, such as
 * `Queue "mail" was paused, by ada@example.org`.
 *
 * @example
 * ```ts
 * await actingAs(user.email, () => jobs.pauseQueue('mail'));
 * ```
 */
export function actingAs<T>(who: string, work: () => T): T {
  actor ??= new AsyncLocalStorage();
  return actor.run(who, work);
}

/** One log line for each thing that was done by hand: paused, run, cancelled, discarded, changed. */
export class Actions {
  private readonly logger = new OwnLogger();

  /** @param what is said when it is done; undefined: nothing was. */
  async note<T>(work: Promise<T>, what: (result: T) => string | undefined): Promise<T> {
    const result = await work;
    const told = what(result);
    const who = actor?.getStore();
    if (told !== undefined) this.logger.log(who ? `${told}, by ${who.slice(0, LONGEST)}` : told);
    return result;
  }
}
