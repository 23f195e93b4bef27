import type { ExecutionWrite } from '../store/execution-record.js';
import type { ExecutionStore } from '../store/ports.js';
import type { RecordBatch, Recording } from './record-batch.js';
import { isRefusal, toError } from './store-faults.js';

export interface RecordContext {
  readonly executions: Pick<ExecutionStore, 'load'>;
  readonly records: RecordBatch;
  readonly onError: (error: Error) => void;
  /** Waits between two tries; ends early when the lane closes. */
  readonly pause: () => Promise<void>;
  readonly isClosed: () => boolean;
}

/** A record that the store did not take after the queue was told is given up after this many tries. */
const MOST_TRIES = 10;

/** One attempt's record, on its way into the store. */
export class OutcomeRecord {
  /** False once the store has said that the execution belongs to another run, or has ended. */
  owned = true;
  /** Nothing is left to do. */
  done = false;
  private recording: Recording | undefined;
  private failedOnce = false;

  constructor(
    private readonly write: ExecutionWrite,
    private readonly context: RecordContext,
  ) {}

  /** Puts the record on its way, unless it is. Never rejects. */
  async issue(): Promise<void> {
    if (!this.done) await this.send().issued;
  }

  /** Resolves when the store has answered. Rejects when it failed, and the next call sends again. */
  async store(): Promise<void> {
    if (this.done) return;
    try {
      const owned = await this.send().stored;
      // After a failure a refusal may mean that the failed write did arrive.
      this.owned = owned || (this.failedOnce && (await this.isThere()));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // The store would refuse it for ever. The job's end matters more than its record.
      this.context.onError(toError(error));
    }
    this.done = true;
  }

  /** Tries until the store has answered, for a while. Never rejects. */
  async finish(): Promise<void> {
    for (let tries = 1; !this.done; tries++) {
      try {
        await this.store();
      } catch (error) {
        this.context.onError(toError(error));
        if (tries >= MOST_TRIES || this.context.isClosed()) return;
        await this.context.pause();
      }
    }
  }

  private send(): Recording {
    if (this.recording) return this.recording;
    const recording = this.context.records.add(this.write);
    this.recording = recording;
    void this.watch(recording);
    return recording;
  }

  /** The answer may come when nobody waits for it. */
  private async watch(recording: Recording): Promise<void> {
    try {
      const owned = await recording.stored;
      if (this.failedOnce) return;
      this.owned = owned;
      this.done = true;
    } catch {
      this.failedOnce = true;
      this.recording = undefined;
    }
  }

  private async isThere(): Promise<boolean> {
    const stored = await this.context.executions.load(this.write.id);
    return stored?.fence === this.write.fence && stored.final === this.write.final;
  }
}
