import { z } from 'zod';
import { ListedJob } from './job.schema.js';
import { Cursor, Id, Limit, text, Timestamp } from './texts.js';

export const STATUSES = ['pending', 'running', 'completed', 'failed', 'retrying', 'skipped', 'cancelled'] as const;

const Any = z.unknown();

const ExecutionError = z
  .object({ name: z.string(), message: z.string(), code: z.string().optional() })
  .meta({ id: 'MonitorExecutionError' });

const Attempt = z
  .object({
    attempt: z.int().meta({ description: '1 for the first. A crash repeats the number.' }),
    startedAt: Timestamp,
    finishedAt: Timestamp.optional(),
    error: ExecutionError.optional(),
    stack: z.string().optional().meta({ description: 'With `exposeErrors` only.' }),
    workerId: z.string(),
  })
  .meta({ id: 'MonitorAttempt' });

const Step = z
  .object({
    name: z.string(),
    startedAt: Timestamp,
    finishedAt: Timestamp.optional(),
    result: Any.optional(),
    error: ExecutionError.optional(),
  })
  .meta({ id: 'MonitorStep' });

export const Execution = z
  .object({
    id: z.string(),
    job: z.string(),
    scheduleId: z.string().optional().meta({ description: 'The id of the persisted job that made it.' }),
    queue: z.string(),
    status: z.enum(STATUSES),
    trigger: z.enum(['enqueue', 'schedule', 'catch-up', 'manual', 'on-fail']),
    payload: Any.optional(),
    result: Any.optional(),
    error: ExecutionError.optional(),
    reason: z.string().optional().meta({ description: 'Why it was skipped or cancelled.' }),
    cancelledBy: z.string().optional(),
    attempts: z.array(Attempt),
    steps: z.array(Step),
    createdAt: Timestamp,
    scheduledFor: Timestamp.optional(),
    runAt: Timestamp.optional().meta({ description: 'When one runs that is delayed, or waits for its retry.' }),
    startedAt: Timestamp.optional(),
    completedAt: Timestamp.optional(),
    durationMs: z.number().optional(),
    workerId: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'MonitorExecution', description: 'One run of a job, with all its attempts.' });

export const ExecutionList = z.object({
  items: z.array(Execution).meta({ description: 'Newest first.' }),
  next: z.string().optional().meta({ description: '`before` of the next page; absent on the last one.' }),
});

export const ExecutionFilter = z.strictObject({
  job: Id.optional(),
  status: z.enum(STATUSES).optional(),
  scheduleId: Id.optional(),
  limit: Limit,
  before: Cursor,
});
export type ExecutionFilter = z.output<typeof ExecutionFilter>;

export const LogLine = z
  .object({
    seq: z.int().meta({ description: 'Its place among all lines of its job.' }),
    number: z.int().meta({ description: 'Its place among the lines of its execution, from 1.' }),
    at: Timestamp,
    executionId: z.string(),
    job: z.string(),
    scheduleId: z.string().optional(),
    attempt: z.int(),
    step: z.string().optional(),
    level: z.enum(['log', 'warn', 'error', 'debug']),
    message: z.string(),
    data: Any.optional(),
  })
  .meta({ id: 'MonitorLogLine' });

export const LogLineList = z.object({ items: z.array(LogLine).meta({ description: 'Oldest first.' }) });

export const LogFilter = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/, { error: 'Invalid number: expected the seq of a line' })
    .transform(Number)
    .optional()
    .meta({ description: 'Only lines with a greater `seq`.' }),
  limit: z
    .string()
    .regex(/^([1-9]\d{0,2}|1000)$/, { error: 'Invalid number: expected a whole number from 1 to 1000' })
    .transform(Number)
    .optional()
    .meta({ description: 'How many at most, 1 to 1000. Default: 1000.' }),
});
export type LogFilter = z.output<typeof LogFilter>;

/** What `GET jobs/:id/detail` takes. */
export const DetailQuery = z.strictObject({ limit: Limit, before: Cursor });
export type DetailQuery = z.output<typeof DetailQuery>;

export const JobDetail = z
  .object({
    ...ListedJob.shape,
    executions: z
      .array(Execution)
      .meta({ description: 'Those that have not ended, then those that have, newest first.' }),
    nextExecutions: z.string().optional().meta({ description: '`before` of the next page; absent on the last one.' }),
    logs: z.array(LogLine).meta({ description: 'The newest 1,000 lines of these executions, oldest first.' }),
  })
  .meta({ id: 'MonitorJobDetail' });

/** That an execution was made. */
export const Started = z
  .object({
    executionId: z.string(),
    job: z.string(),
    queue: z.string(),
    duplicate: z.boolean().meta({ description: 'true: another one with the key of a unique job was there already.' }),
  })
  .meta({ id: 'MonitorStarted' });
export type Started = z.output<typeof Started>;

export const CancelReason = z.strictObject({
  reason: text(1_024).optional().meta({ description: 'Stands in its record.' }),
});
export const CancelRequest = CancelReason.nullish();
export type CancelRequest = z.output<typeof CancelRequest>;

export const Cancelled = z
  .object({
    id: z.string(),
    cancelled: z.boolean().meta({ description: 'false: its worker did not answer in time.' }),
  })
  .meta({ id: 'MonitorCancelled' });
export type Cancelled = z.output<typeof Cancelled>;

export const Stats = z
  .object({
    job: z.string(),
    total: z.int(),
    completed: z.int(),
    failed: z.int(),
    skipped: z.int(),
    cancelled: z.int(),
    lastRun: Timestamp.optional(),
    lastSuccess: Timestamp.optional(),
    lastFailure: Timestamp.optional(),
    lastError: ExecutionError.optional(),
    averageMs: z.number(),
    minMs: z.number(),
    maxMs: z.number(),
    p50Ms: z.number(),
    p95Ms: z.number(),
  })
  .meta({ id: 'MonitorStats' });
export const StatsList = z.object({ items: z.array(Stats) });

export const DeadLetterFields = { job: Id.optional(), queue: Id.optional(), olderThan: text(64).optional() };

export const DeadLetterListQuery = z.strictObject({ ...DeadLetterFields, limit: Limit, before: Cursor });
export type DeadLetterListQuery = z.output<typeof DeadLetterListQuery>;

const DeadLetter = z
  .object({
    id: z.string(),
    job: z.string(),
    queue: z.string(),
    payload: Any.optional(),
    error: z.object({ message: z.string(), stack: z.string().optional() }),
    attempts: z.int(),
    scheduleId: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    createdAt: Timestamp,
    failedAt: Timestamp,
  })
  .meta({ id: 'MonitorDeadLetter' });

export const DeadLetterList = z.object({
  items: z.array(DeadLetter).meta({ description: 'Newest first.' }),
  next: z.string().optional(),
});

/** Which dead letters to retry or discard. All of them must be asked for by name. */
export const DeadLetterChoice = z
  .strictObject({ id: Id.optional(), ...DeadLetterFields, all: z.literal(true).optional() })
  .refine((choice) => Object.values(choice).some((value) => value !== undefined), {
    error: 'Nothing is chosen: give "id", or some of "job", "queue" and "olderThan", or "all": true',
  })
  .refine(({ id, ...others }) => id === undefined || Object.values(others).every((value) => value === undefined), {
    path: ['id'],
    error: 'Invalid choice: "id" stands alone',
  })
  .refine(({ all, job, queue, olderThan }) => !all || (job ?? queue ?? olderThan) === undefined, {
    path: ['all'],
    error: 'Invalid choice: "all" stands alone',
  })
  .meta({ id: 'MonitorDeadLetterChoice' });
export type DeadLetterChoice = z.output<typeof DeadLetterChoice>;

export const Count = z.object({ count: z.int() });
