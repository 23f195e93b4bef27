import type { FinalStatus } from '../../definition/job-status.js';
import type { ExecutionWrite } from '../../store/ports/execution-record.js';
import type { GivenBack } from '../../store/codecs/given-back.js';

/** How an attempt ended: what the lane must now tell the queue. */
export type Outcome = OutcomeKind & {
  /**
   * Runs once the queue has been told, apart from the job's slot. Never rejects.
   * @param told `false`: the job is no longer ours, or the store never took its outcome.
   */
  readonly afterTold?: (told: boolean) => Promise<void>;
};

type OutcomeKind =
  | { readonly kind: 'completed'; readonly result: unknown; readonly write: ExecutionWrite | undefined }
  | {
      readonly kind: 'failed';
      readonly error: Error;
      readonly write: ExecutionWrite | undefined;
      /** Runs before the record is stored, which may drop what is kept of the job's steps. Rejects with what the store answered. */
      readonly beforeRecord?: (() => Promise<void>) | undefined;
      /** Runs after the record is stored and before the queue is told: the on-fail action. Never rejects. */
      readonly beforeFinish: (() => Promise<void>) | undefined;
    }
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
      /** For how long this process asks an otherwise empty queue for nothing, so that others are handed it; milliseconds. */
      readonly pause?: number;
      /** It is given back, since this process does not know its job: noted with it. */
      readonly givenBack?: GivenBack;
    }
  /** Goes back to its queue at once; uses up no attempt. */
  | { readonly kind: 'release' }
  /** The lock is lost: the queue is told nothing. */
  | { readonly kind: 'lost' };

/** The status that the execution ends with; undefined when it goes on. */
export function finalStatus({ kind }: Pick<Outcome, 'kind'>): FinalStatus | undefined {
  return kind === 'completed' || kind === 'failed' || kind === 'cancelled' || kind === 'skipped' ? kind : undefined;
}
