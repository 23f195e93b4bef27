import type { ExecutionStore } from '../store/ports/ports.js';
import type { RecordBatch } from './record-batch.js';

/** What settling needs of the lane. */
export interface Settling {
  readonly executions: Pick<ExecutionStore, 'load' | 'ordered' | 'finishWithRecord'>;
  readonly records: RecordBatch;
  /**
   * Whether other jobs run, too. Then a record may go along with the telling, which spares a call; a job that is alone has
   * its record ahead, so that it is there even if the process dies before it tells.
   */
  hasCompany(): boolean;
  /** Waits between two tries; ends early when the lane closes. */
  pause(): Promise<void>;
  isClosed(): boolean;
  onError(error: Error): void;
  /** Goes on when the queue has been told, without the job's slot. The pool's stop waits for it. */
  inBackground(work: Promise<void>): void;
}
