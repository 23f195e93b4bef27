import type { ExecutionWrite } from '../store/ports/execution-record.js';
import type { BatchEntry } from './record-batch.js';
import type { Settling } from './finish-parts.js';
import { Patience, toError } from './store-faults.js';

/** A record that the store did not take after the queue was told is given up after this many tries. */
const MOST_TRIES = 10;

/** One attempt's record, on its way into the store. */
export class OutcomeRecord implements BatchEntry {
  /** False once the store has said that the execution belongs to another run, or has ended. */
  owned = true;
  /** Nothing is left to do. */
  done = false;
  private isSent = false;
  private failedOnce = false;
  private readonly patience = new Patience();
  private answered: ((owned: boolean) => void) | undefined;
  private failed: ((error: unknown) => void) | undefined;

  constructor(
    readonly write: ExecutionWrite,
    private readonly settling: Settling,
  ) {}

  /** Puts the record on its way, unless it is. Never rejects. */
  issue(): Promise<void> {
    if (this.done || this.isSent) return Promise.resolve();
    return this.send();
  }

  /** Resolves when the store has answered. Rejects when it failed, and the next call sends again. */
  async store(): Promise<void> {
    if (this.done) return;
    const answer = new Promise<boolean>((resolve, reject) => {
      this.answered = resolve;
      this.failed = reject;
    });
    if (!this.isSent) void this.send();
    try {
      const owned = await answer;
      // After a failure a refusal may mean that the failed write did arrive.
      this.owned = owned || (this.failedOnce && (await this.isThere()));
    } catch (error) {
      if (!this.patience.isOverBy(error)) throw error;
      // The store would refuse it for ever. The job's end matters more than its record.
      this.settling.onError(toError(error));
    }
    this.done = true;
  }

  /** Tries until the store has answered, for a while. Never rejects. */
  async finish(): Promise<void> {
    for (let tries = 1; !this.done; tries++) {
      try {
        await this.store();
      } catch (error) {
        this.settling.onError(toError(error));
        if (tries >= MOST_TRIES || this.settling.isClosed()) return;
        await this.settling.pause();
      }
    }
  }

  onAnswer(owned: boolean): void {
    if (this.answered) return this.answered(owned);
    // Nobody waits. A refusal that may be no refusal is looked into by `finish`.
    if (!owned && this.failedOnce) return this.onFailure(undefined);
    this.owned = owned;
    this.done = true;
  }

  onFailure(error: unknown): void {
    this.failedOnce = true;
    this.isSent = false;
    this.failed?.(error);
  }

  private send(): Promise<void> {
    this.isSent = true;
    return this.settling.records.add(this);
  }

  private async isThere(): Promise<boolean> {
    const stored = await this.settling.executions.load(this.write.id);
    return stored?.fence === this.write.fence && stored.final === this.write.final;
  }
}
