import type { FinalStatus } from '../../definition/job-status.js';
import type { GivenBack } from '../../store/codecs/given-back.js';
import type { ExecutionWrite } from '../../store/ports/execution-record.js';

/** How an attempt ended: what its finish stores, and what else it does. */
export type Outcome = OutcomeKind & { readonly effects?: Effects | undefined };

/** What the end of an attempt does besides, in this order. `worker/finish-job.ts` runs it. */
export interface Effects {
  /**
   * Before the record is stored, which may drop what is kept of the job's steps: stores them with the job. Rejects with what
   * the store answered.
   */
  readonly keepSteps?: (() => Promise<void>) | undefined;
  /** Between the record and the finish. Never rejects. */
  readonly onFail?: (() => Promise<void>) | undefined;
  /**
   * After the finish, without the job's slot: releases the leases of overlap and concurrency. Never rejects.
   * @param isFinished `false`: the job is no longer ours, or the store never took its end.
   */
  readonly release?: ((isFinished: boolean) => Promise<void>) | undefined;
  /** After a finish that the store has taken, beside `release`. Never rejects. */
  readonly endLog?: (() => Promise<void>) | undefined;
  /** After `endLog`. */
  readonly emit?: (() => void) | undefined;
}

type OutcomeKind =
  | { readonly kind: 'completed'; readonly result: unknown; readonly write: ExecutionWrite | undefined }
  | { readonly kind: 'failed'; readonly error: Error; readonly write: ExecutionWrite | undefined }
  | { readonly kind: 'cancelled'; readonly reason: string; readonly write: ExecutionWrite | undefined }
  /** It does not run at all, and leaves its queue. */
  | { readonly kind: 'skipped'; readonly reason: string; readonly write: ExecutionWrite | undefined }
  | {
      readonly kind: 'retry';
      readonly delay: number;
      readonly error: Error;
      readonly write: ExecutionWrite | undefined;
    }
  /** Runs again after `delay` milliseconds; uses up no attempt. */
  | {
      readonly kind: 'snooze';
      readonly delay: number;
      /** In place of `delay`: when it runs again, in milliseconds since the epoch. */
      readonly until?: number;
      /** For how long this process fetches nothing from an otherwise empty queue, so that others get it; milliseconds. */
      readonly pause?: number;
      /** This process does not know its job: noted with it. */
      readonly givenBack?: GivenBack;
    }
  /** Goes back to its queue at once; uses up no attempt. */
  | { readonly kind: 'requeue' }
  /** The lock is lost: nothing is stored. */
  | { readonly kind: 'lost' };

/** The status that the execution ends with; undefined when it goes on. */
export function finalStatus({ kind }: Pick<Outcome, 'kind'>): FinalStatus | undefined {
  return kind === 'completed' || kind === 'failed' || kind === 'cancelled' || kind === 'skipped' ? kind : undefined;
}
