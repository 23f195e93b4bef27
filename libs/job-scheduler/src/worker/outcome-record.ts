import type { ExecutionWrite } from '../store/ports/execution-record.js';
import type { ExecutionStore } from '../store/ports/ports.js';
import type { BullWorker } from './bull-worker.js';
import type { BatchEntry, RecordBatch } from './record-batch.js';
import { RetryLimit, toError } from './store-faults.js';

export interface RecordServices {
  readonly executions: Pick<ExecutionStore, 'load' | 'ordered' | 'finishWithRecord'>;
  readonly records: RecordBatch;
  readonly bull: Pick<BullWorker, 'completion' | 'isClosed' | 'report' | 'renewLockSoon' | 'waitToRetry'>;
}

/** A record that the store has not taken is dropped this many tries after the job's finish. */
const MOST_TRIES = 10;

/** One attempt's record, on its way into the store. */
export class OutcomeRecord implements BatchEntry {
  /** False once the store has said that the execution belongs to another run, or has ended. */
  owned = true;
  /** Nothing is left to do. */
  done = false;
  private isSent = false;
  private failedOnce = false;
  private readonly limit = new RetryLimit();
  private answered: ((owned: boolean) => void) | undefined;
  private failed: ((error: unknown) => void) | undefined;

  constructor(
    readonly write: ExecutionWrite,
    private readonly services: RecordServices,
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
      if (!this.limit.isReachedBy(error)) throw error;
      // The store would refuse it for ever. The job's end matters more than its record.
      this.services.bull.report(toError(error));
    }
    this.done = true;
  }

  /** Tries until the store has answered, for a while. Never rejects. */
  async finish(): Promise<void> {
    for (let tries = 1; !this.done; tries++) {
      try {
        await this.store();
      } catch (error) {
        this.services.bull.report(toError(error));
        if (tries >= MOST_TRIES || this.services.bull.isClosed) return;
        await this.services.bull.waitToRetry();
      }
    }
  }

  onAnswer(owned: boolean): void {
    if (this.answered) return this.answered(owned);
    // `store` does not wait. A refusal that may be none is looked into by `finish`.
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
    return this.services.records.add(this);
  }

  private async isThere(): Promise<boolean> {
    const stored = await this.services.executions.load(this.write.id);
    return stored?.fence === this.write.fence && stored.final === this.write.final;
  }
}
