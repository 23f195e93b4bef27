import { ErrorCode, UnrecoverableError } from 'bullmq';

/** What a command that failed was about. */
export interface Failure {
  readonly command: string;
  readonly jobId?: string | undefined;
  readonly parentKey?: string | undefined;
  readonly state?: string;
}

/** BullMQ's errors by code, in its own words; it does not export what makes them. */
const TEXTS: Readonly<Record<number, (failure: Failure) => string>> = {
  [ErrorCode.JobNotExist]: ({ jobId, command }) => `Missing key for job ${jobId}. ${command}`,
  [ErrorCode.JobLockNotExist]: ({ jobId, command }) => `Missing lock for job ${jobId}. ${command}`,
  [ErrorCode.JobNotInState]: ({ jobId, state, command }) => `Job ${jobId} is not in the ${state} state. ${command}`,
  [ErrorCode.JobPendingChildren]: ({ jobId, command }) => `Job ${jobId} has pending dependencies. ${command}`,
  [ErrorCode.ParentJobNotExist]: ({ parentKey, command }) => `Missing key for parent job ${parentKey}. ${command}`,
  [ErrorCode.JobLockMismatch]: ({ jobId, state, command }) =>
    `Lock mismatch for job ${jobId}. Cmd ${command} from ${state}`,
  [ErrorCode.ParentJobCannotBeReplaced]: ({ parentKey, command }) =>
    `The parent job ${parentKey} cannot be replaced. ${command}`,
  [ErrorCode.JobBelongsToJobScheduler]: ({ jobId, command }) =>
    `Job ${jobId} belongs to a job scheduler and cannot be removed directly. ${command}`,
  [ErrorCode.JobHasFailedChildren]: ({ jobId, command }) =>
    `Cannot complete job ${jobId} because it has at least one failed child. ${command}`,
  [ErrorCode.SchedulerJobIdCollision]: ({ command }) =>
    `Cannot create job scheduler iteration - job ID already exists. ${command}`,
  [ErrorCode.SchedulerJobSlotsBusy]: ({ command }) =>
    `Cannot create job scheduler iteration - current and next time slots already have jobs. ${command}`,
};

/** The error that BullMQ's own backends throw for this code. */
export function backendError(code: ErrorCode, failure: Failure): Error & { code: number } {
  const text = TEXTS[code]!(failure);
  const error = code === ErrorCode.JobHasFailedChildren ? new UnrecoverableError(text) : new Error(text);
  return Object.assign(error, { code });
}

/** In ioredis's words: BullMQ takes such errors for the end of a connection. */
export function closedError(): Error {
  return new Error('Connection is closed.');
}
