export {
  JobSchedulerModule,
  type JobSchedulerAsyncOptions,
  type JobSchedulerOptionsFactory,
} from './job-scheduler.module.js';
export type { JobSchedulerOptions, QueueOptions, Role } from './options/job-scheduler-options.js';
export type { RolePart } from './options/resolved-options.js';
export type { Connection, PGliteLike, PgPoolLike, RedisLike, RedisLikeOptions } from './options/connection.js';
export { optionsFromEnv } from './options/options-from-env.js';

export { Job, type JobDecorator } from './decorators/job.decorator.js';
export { JobStep } from './decorators/job-step.decorator.js';
export { OnJobEvent, type JobEventOptions } from './decorators/on-job-event.decorator.js';
export { OnJobFail } from './decorators/on-job-fail.decorator.js';
export { defineJob } from './definition/define-job.js';
export type { JobFunction } from './discovery/handlers/function-invoker.js';
export type { Duration } from './common/duration.js';
export type { JobOptions, Misfire, Overlap, Retention, RetryOptions, StepOptions } from './definition/job-options.js';
export type { Schedule } from './cron/schedule-options.js';
export { JobContext, type JobFailure } from './definition/job-context.js';
export type { JobLogLevel, JobLogLine } from './definition/job-log-line.js';
export { JobLogger, type JobLoggerOptions } from './execution/logs/job-logger.js';
export type {
  JobCancelledEvent,
  JobCompletedEvent,
  JobEvent,
  JobEventError,
  JobEventOf,
  JobEventType,
  JobFailedEvent,
  JobLogEvent,
  JobProgressEvent,
  JobRetryingEvent,
  JobSkippedEvent,
  JobStalledEvent,
  JobStartedEvent,
  JobStepEvent,
  ScheduleRepairedEvent,
} from './definition/job-event.js';
export type {
  AnyClass,
  JobContract,
  JobHandler,
  JobPayload,
  JobRef,
  JobResult,
  KnownRef,
} from './definition/job-ref.js';
export type { FinalStatus, JobStatus, JobTrigger } from './definition/job-status.js';
export { Clock, SystemClock, type ClockTimer } from './common/clock.js';
export { nextOccurrences, type NextOccurrencesOptions } from './cron/next-occurrences.js';
export { describeSchedule } from './cron/describe-schedule.js';

export { actingAs } from './service/actions.js';
export { JobService } from './service/job-service.js';
export { ScheduleService } from './service/schedules/schedule-service.js';
export type {
  NewSchedule,
  PayloadField,
  ScheduleChange,
  ScheduleCondition,
  ScheduleFilter,
  ScheduleSettings,
  ScheduleTiming,
} from './service/schedules/schedule-input.js';
export type { EnqueueOptions } from './jobs/enqueue/enqueue-options.js';
export type { EnqueueArgs, EnqueueManyEntry, RequiredPayload } from './jobs/enqueue/enqueue-types.js';
export type { JobHandle } from './jobs/job-handle.js';
export type { JobSummary } from './service/job-summary.js';
export type { QueueInfo } from './queues/queue-info.js';
export type { ScheduledJob } from './service/schedules/scheduled-job.js';
export { DeadLetters } from './service/dead-letters/dead-letters.js';
export type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
} from './service/dead-letters/dead-letter.js';
export { JobHealth, type HealthReport } from './service/job-health.js';
export type { ScheduleRepair } from './scheduling/sync/scheduler-sync.js';
export type { ScheduleTrouble } from './scheduling/sync/scheduler-diff.js';
export { JobHistory, type ExecutionPage, type ExecutionQuery, type LogQuery } from './service/history/job-history.js';
export type { ExecutionAttempt, ExecutionError, ExecutionStep, JobExecution } from './service/history/job-execution.js';
export type { JobStats } from './service/history/job-stats.js';
export { JobMonitor } from './service/job-monitor.js';
export { LockService } from './service/locks/lock-service.js';
export type { Lock } from './service/locks/lock.js';
export type { LockWaitOptions } from './service/locks/check-lock.js';
export { TaskPool, type Task, type TaskOptions, type TaskPoolOptions, type TaskResult } from './service/task-pool.js';

export { ERROR_CODES, type ErrorCode } from './errors/error-codes.js';
export { JobSchedulerError, type ErrorFields } from './errors/job-scheduler-error.js';
export type { Fault } from './errors/fault.js';
export { JobDefinitionError, OptionsError, ScheduleError } from './errors/definition-errors.js';
export { HistoryQueryError } from './errors/history-errors.js';
export {
  FireOwnedError,
  ScheduleConflictError,
  ScheduleExistsError,
  ScheduleInputError,
  ScheduleOwnedError,
  ScheduleUnknownError,
  type ScheduleIssue,
} from './errors/schedule-errors.js';
export {
  ExecutionEndedError,
  ExecutionNotDelayedError,
  ExecutionNotFailedError,
  ExecutionUnknownError,
  JobUnknownError,
  QueueUnknownError,
  StepRepeatedError,
  StepUnknownError,
} from './errors/unknown-name-errors.js';
export {
  EnqueueOptionsError,
  JobKeyError,
  PayloadInvalidError,
  PayloadTooLargeError,
  ResultInvalidError,
} from './errors/payload-errors.js';
export { EnqueueIncompleteError, QueueFullError, type EnqueueProgress } from './errors/queue-errors.js';
export { TaskPoolOptionsError, TaskTimeoutError } from './errors/task-errors.js';
export { LockLostError, LockOptionsError, LockTimeoutError } from './errors/lock-errors.js';
export {
  DriverMissingError,
  NotStartedError,
  StoreInUseError,
  StoreUnavailableError,
  StoreUnsupportedError,
} from './errors/store-errors.js';
export {
  JobAbortError,
  JobCancelError,
  JobCancelledError,
  JobFailedError,
  JobLockLostError,
  JobPoisonedError,
  JobRefusedError,
  JobShutdownError,
  JobSkippedError,
  JobSnoozeError,
  JobTimeoutError,
  WaitOptionsError,
  WaitTimeoutError,
} from './errors/outcome-errors.js';
