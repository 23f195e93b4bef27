import { type IQueueBackend, type Job, type JobsOptions, type MinimalJob, UnrecoverableError } from 'bullmq';
import { toErrorRecord } from '../common/describe-error.js';
import { toEndText } from '../jobs/end-text.js';
import type { Outcome } from '../execution/outcome/outcome.js';
import type { Clock } from '../common/clock.js';
import { withGivenBack } from '../store/codecs/given-back.js';
import type { ActiveJob } from './active-jobs.js';
import type { FetchedJob } from './fetch-result.js';
import { storable } from './texts.js';

/** What completing needs of a queue's worker. */
export interface JobCompletion {
  readonly backend: IQueueBackend;
  /** BullMQ's own form of the job. */
  readonly toJob: (fetched: FetchedJob) => Job;
  readonly clock: Clock;
  /** Whether BullMQ makes spans and counts for telemetry, which costs time. */
  readonly isTraced: boolean;
}

/** Stacks of earlier attempts that stay on the job. */
const STACKS_KEPT = 10;

/**
 * Tells BullMQ how an attempt ended. BullMQ's own retries are not used: the outcome says what follows.
 *
 * @param fetchNext whether the same call fetches the next job.
 * @returns BullMQ's answer, with the next job if there is one. Rejects with what the store answered.
 */
export function completeJob(
  { backend, toJob, clock, isTraced }: JobCompletion,
  { fetched, token }: ActiveJob,
  outcome: Outcome,
  fetchNext: boolean,
): Promise<unknown> {
  const { id, json } = fetched;
  switch (outcome.kind) {
    case 'completed': {
      if (isTraced) return toJob(fetched).moveToCompleted(outcome.result, token, fetchNext);
      // What BullMQ's backends read of a job that has completed.
      const job = { id, name: json.name, opts: json.opts } as MinimalJob;
      return backend.moveToCompleted(job, outcome.result, json.opts.removeOnComplete!, token, fetchNext);
    }
    case 'failed': {
      const job = toJob(fetched);
      job.opts.removeOnFail = withoutAge(job.opts.removeOnFail);
      return fail(job, token, textsOf(outcome.error), fetchNext);
    }
    case 'cancelled':
    case 'skipped': {
      const job = toJob(fetched);
      // It leaves the queue at once: only failures are kept.
      job.opts.removeOnFail = true;
      return fail(job, token, { reason: storable(toEndText(outcome.kind, outcome.reason)), stack: '' }, fetchNext);
    }
    case 'retry': {
      const { reason, stack } = textsOf(outcome.error);
      const stacktrace = JSON.stringify([...(toJob(fetched).stacktrace ?? []), stack].slice(-STACKS_KEPT));
      const fieldsToUpdate = { failedReason: reason, stacktrace };
      return backend.moveToDelayed(id, clock.now(), wholeDelay(outcome.delay), token, { fieldsToUpdate, fetchNext });
    }
    case 'snooze':
      return backend.moveToDelayed(id, outcome.until ?? clock.now(), wholeDelay(outcome.delay), token, {
        skipAttempt: true,
        fetchNext,
        ...(outcome.givenBack && {
          fieldsToUpdate: { stacktrace: withGivenBack(json.stacktrace, outcome.givenBack) },
        }),
      });
    case 'requeue':
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
