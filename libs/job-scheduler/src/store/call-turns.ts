import type { Clock, ClockTimer } from '../common/clock.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import { isStoreAway } from './store-away.js';

/** A timer that comes later than this is a sign of an event loop that was blocked, in milliseconds. */
const BLOCKED = 250;
/** Answers this close together are noted as one; those that are older than the longest deadline say nothing any more. */
const TOGETHER = 100;
const OLD = 10_000;

/**
 * Calls to one store, in the order in which they were made: they share its connections, and each waits for those before it.
 * A call's time is up when the store has been silent for that long, and not when it only had many others to answer first.
 */
export class CallTurns {
  private calls = 0;
  /** `first`: the oldest call that was answered then. */
  private readonly answers: { at: number; first: number }[] = [];

  private silent = false;

  constructor(private readonly clock: Clock) {}

  /** Whether a call's time was up while no call was answered, and none was answered since. */
  get isSilent(): boolean {
    return this.silent;
  }

  /** As `limit`, for one command. It gets its turn when those before it have been answered; those after it do not count. */
  limitCommand<T>(command: Promise<T>, ms: number, late: () => Error): Promise<T> {
    return this.run(command, ms, late, ++this.calls);
  }

  /**
   * Gives what `work` gives. For work of several commands, each of which has a turn of its own.
   * @throws what `late` gives when the store has answered no call for `ms` milliseconds; what `work` throws
   */
  limit<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
    return this.run(work, ms, late, Infinity);
  }

  private async run<T>(work: Promise<T>, ms: number, late: () => Error, call: number): Promise<T> {
    let timer: ClockTimer | undefined;
    let isOver = false;
    let isLate = false;
    const silence = new Promise<never>((_resolve, reject) => {
      let since = performance.now();
      const arm = (left: number) => {
        const due = performance.now() + left;
        timer = this.clock.after(left, () => {
          const overdue = performance.now() - due;
          // What has arrived meanwhile is read first.
          setImmediate(() => {
            if (isOver) return;
            const answered = this.lastAnswerBefore(call);
            if (answered > since) {
              since = answered;
              arm(Math.max(1, since + ms - performance.now()));
            } else if (overdue > BLOCKED) arm(Math.min(overdue, ms));
            else {
              isLate = true;
              this.silent = this.lastAnswerBefore(Infinity) <= since;
              reject(late());
            }
          });
        });
      };
      arm(ms);
    });
    try {
      const result = await Promise.race([work, silence]);
      this.note(call);
      return result;
    } catch (error) {
      if (!isLate && !(error instanceof StoreUnavailableError) && !isStoreAway(error)) this.note(call);
      throw error;
    } finally {
      isOver = true;
      timer?.cancel();
    }
  }

  private note(call: number): void {
    this.silent = false;
    const now = performance.now();
    const newest = this.answers.at(-1);
    if (newest && now - newest.at < TOGETHER) {
      newest.first = Math.min(newest.first, call);
      return;
    }
    while (this.answers[0] && now - this.answers[0].at > OLD) this.answers.shift();
    this.answers.push({ at: now, first: call });
  }

  private lastAnswerBefore(call: number): number {
    return this.answers.findLast(({ first }) => call === Infinity || first < call)?.at ?? 0;
  }
}
