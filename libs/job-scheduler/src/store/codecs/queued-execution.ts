import { copyOfJson } from '../../common/json.js';
import type { RetentionPolicy } from '../../definition/job-definition.js';
import type { Overlap } from '../../definition/job-options.js';
import type { JobTrigger } from '../../definition/job-status.js';
import type { RetryPolicy } from '../../definition/retry-policy.js';
import type { StepRecord } from '../ports/execution-record.js';
import type { GivenBack } from './given-back.js';

/** What an enqueue may set for one execution, as it is stored. Durations are milliseconds. */
export interface ExecutionOverrides {
  /** No function among them: they are stored as JSON. */
  readonly retry?: Partial<Omit<RetryPolicy, 'backoff'>> & { readonly backoff?: 'exponential' | 'fixed' };
  readonly timeout?: number;
  readonly retention?: Partial<RetentionPolicy>;
  /** The policy of the schedule that fired, where it has one of its own. */
  readonly overlap?: Overlap;
}

/** A job that was taken off its queue, in our words. */
export interface QueuedExecution {
  readonly id: string;
  /** Job name. May be unknown here. */
  readonly job: string;
  readonly queue: string;
  /** As it is stored, and never changed: a handler gets a copy. */
  readonly payload: unknown;
  /** The payload's JSON, where it is at hand. */
  readonly payloadJson?: string | undefined;
  /** Steps that stood with the job when it had failed for good. */
  readonly keptSteps?: readonly StepRecord[];
  readonly trigger: JobTrigger;
  readonly scheduleId: string | undefined;
  readonly scheduledFor: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly overrides: ExecutionOverrides;
  readonly createdAt: number;
  /** Milliseconds after `createdAt` at which it was first due. Absent: 0. */
  readonly delay?: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** From the store; 0 when the job was added by other means than ours. */
  readonly maxAttempts: number;
  /** BullMQ's `attemptsStarted`, this start included. */
  readonly fence: number;
  /** Some of these starts were none: by processes that do not know the job. */
  readonly givenBack?: GivenBack;
  /** BullMQ's `stalledCounter`. */
  readonly crashes: number;
  /** The id was given by a user, so that an ended execution of the same id may exist. */
  readonly ownId: boolean;
}

/** For code of the app: record, retry and on-fail action have what is stored. */
export function copyOfPayload({ payload, payloadJson }: QueuedExecution): unknown {
  return copyOfJson(payload, payloadJson);
}

/** Whether nothing of it can have begun before: starts by processes that do not know its job do not count. */
export function isFirstStart({ fence, givenBack }: QueuedExecution): boolean {
  return fence - (givenBack?.times ?? 0) <= 1;
}
