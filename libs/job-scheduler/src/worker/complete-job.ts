import { type IQueueBackend, type Job, type JobsOptions, UnrecoverableError } from 'bullmq';
import { toErrorRecord } from '../common/describe-error.js';
import { toEndText } from '../jobs/end-text.js';
import type { Outcome } from '../execution/outcome/outcome.js';
import { withGivenBack } from '../store/codecs/given-back.js';
import { type ActiveJob, toMinimalJob } from './active-job.js';
import { storable } from './texts.js';

/** What telling needs of the lane. */
export interface LaneQueue {
  readonly backend: IQueueBackend;
  /** BullMQ's own form of the job. */
  readonly bullJob: (job: ActiveJob) => Job;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether BullMQ is to make spans and count for telemetry, which costs time. */
  readonly isTraced: boolean;
}

/** Stacks of earlier attempts that stay on the job. */
const STACKS_KEPT = 10;

/**
 * Tells BullMQ how an attempt ended. BullMQ's own retries are not used: the outcome says what follows.
 *
 * @returns BullMQ's answer, with the next job if it was asked for and there is one. Rejects with what the store answered.
 */
export function completeJob(queue: LaneQueue, job: ActiveJob, outcome: Outcome): Promise<unknown> {
  const { id, token, fetchesNext: fetchNext } = job;
  const { backend, now } = queue;
  switch (outcome.kind) {
    case 'completed': {
      if (queue.isTraced) return queue.bullJob(job).moveToCompleted(outcome.result, token, fetchNext);
      const { removeOnComplete } = job.taken.json.opts;
      return backend.moveToCompleted(toMinimalJob(job.taken), outcome.result, removeOnComplete!, token, fetchNext);
    }
    case 'failed': {
      const bullJob = queue.bullJob(job);
      bullJob.opts.removeOnFail = withoutAge(bullJob.opts.removeOnFail);
      return fail(bullJob, token, textsOf(outcome.error), fetchNext);
    }
    case 'cancelled':
    case 'skipped': {
      const bullJob = queue.bullJob(job);
      // It leaves the queue at once: only failures are kept.
      bullJob.opts.removeOnFail = true;
      return fail(bullJob, token, { reason: storable(toEndText(outcome.kind, outcome.reason)), stack: '' }, fetchNext);
    }
    case 'retry': {
      const { reason, stack } = textsOf(outcome.error);
      const stacktrace = JSON.stringify([...(queue.bullJob(job).stacktrace ?? []), stack].slice(-STACKS_KEPT));
      const fieldsToUpdate = { failedReason: reason, stacktrace };
      return backend.moveToDelayed(id, now, wholeDelay(outcome.delay), token, { fieldsToUpdate, fetchNext });
    }
    case 'snooze':
      return backend.moveToDelayed(id, outcome.until ?? now, wholeDelay(outcome.delay), token, {
        skipAttempt: true,
        fetchNext,
        ...(outcome.givenBack && {
          fieldsToUpdate: { stacktrace: withGivenBack(job.taken.json.stacktrace, outcome.givenBack) },
        }),
      });
    case 'release':
      return backend.moveJobFromActiveToWait(id, token);
    default:
      return Promise.resolve();
  }
}

interface Texts {
  readonly reason: string;
  readonly stack: string;
}

function fail(job: Job, token: string, { reason, stack }: Texts, fetchNext: boolean): Promise<unknown> {
  // The class of error that BullMQ does not retry.
  const final = new UnrecoverableError(reason);
  final.stack = stack;
  // BullMQ adds this one.
  job.stacktrace = (job.stacktrace ?? []).slice(1 - STACKS_KEPT);
  return job.moveToFailed(final, token, fetchNext);
}

/** By the age of the one that fails BullMQ drops others, too. Each goes by its own (`DeadLetterSweep`). */
function withoutAge(keep: JobsOptions['removeOnFail']): NonNullable<JobsOptions['removeOnFail']> {
  if (typeof keep !== 'object') return keep ?? false;
  return 'count' in keep && keep.count !== undefined ? { count: keep.count } : false;
}

/** Bounded, as in the record: BullMQ keeps the texts of ten attempts with a job. */
function textsOf(error: Error): Texts {
  const { message, stack = message } = toErrorRecord(error);
  return { reason: message, stack };
}

function wholeDelay(delay: number): number {
  return Math.max(0, Math.ceil(delay));
}
