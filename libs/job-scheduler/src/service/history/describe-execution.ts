import type { JobStatus } from '../../definition/job-status.js';
import type { AttemptRecord, ErrorRecord, StepRecord, StoredExecution } from '../../store/ports/execution-record.js';
import { originOf } from '../../store/codecs/execution-origin.js';
import { toQueuedExecution } from '../../store/codecs/job-envelope.js';
import type { EngineJob } from '../../jobs/execution-finder.js';
import type { ExecutionAttempt, ExecutionError, ExecutionStep, JobExecution } from './job-execution.js';

/** An execution that has ended, as it was recorded. Undefined when only steps of it have been. */
export function describeEnded(record: StoredExecution): JobExecution | undefined {
  const { head, final } = record;
  return head && final && describe(record, final, head, record.attempts.map(toAttempt));
}

/** An execution that its queue still has. */
export function describeQueued(
  job: EngineJob,
  queue: string,
  status: JobStatus,
  record: StoredExecution | undefined,
  runAt?: number,
): JobExecution {
  const started = toQueuedExecution(job, queue);
  const attempts = (record?.attempts ?? []).map(toAttempt);
  if (status === 'running' && job.processedOn) {
    const { attempt } = started;
    attempts.push({ attempt, startedAt: new Date(job.processedOn), workerId: job.processedBy ?? '' });
  }
  // What BullMQ knows of one that failed, should its record have gone.
  const failure: ErrorRecord | undefined =
    status === 'failed' && job.failedReason ? { name: 'Error', message: job.failedReason } : undefined;
  const error = record?.head?.error ?? failure;
  const completedAt = status === 'failed' || status === 'completed' ? job.finishedOn : undefined;
  const head = {
    ...originOf(started),
    ...(error && { error }),
    ...(completedAt !== undefined && { completedAt }),
  };
  const execution = describe(
    {
      id: started.id,
      job: started.job,
      queue,
      steps: record?.steps ?? started.keptSteps ?? [],
      attempts: record?.attempts ?? [],
    },
    status,
    head,
    attempts,
  );
  return { ...execution, ...dateOf('runAt', runAt) };
}

function describe(
  { id, job, queue, steps, attempts: records }: Pick<StoredExecution, 'id' | 'job' | 'queue' | 'steps' | 'attempts'>,
  status: JobStatus,
  head: NonNullable<StoredExecution['head']>,
  attempts: readonly ExecutionAttempt[],
): JobExecution {
  const { scheduleId, trigger, payload, result, error, reason, cancelledBy, metadata } = head;
  const [first, last] = [attempts[0], attempts.at(-1)];
  const startedAt = first?.startedAt.getTime() ?? head.startedAt;
  return {
    id,
    job,
    ...(scheduleId !== undefined && { scheduleId }),
    queue,
    status,
    trigger,
    ...(payload !== undefined && { payload }),
    ...(result !== undefined && { result }),
    ...(error && status !== 'completed' && { error: toError(error) }),
    ...(reason !== undefined && { reason }),
    ...(cancelledBy !== undefined && { cancelledBy }),
    attempts,
    steps: [...steps.map(toStep), ...unfinishedSteps(records, steps)],
    createdAt: new Date(head.createdAt),
    ...dateOf('scheduledFor', head.scheduledFor),
    ...dateOf('startedAt', startedAt),
    ...dateOf('completedAt', head.completedAt),
    ...(last?.finishedAt && { durationMs: last.finishedAt.getTime() - last.startedAt.getTime() }),
    ...(last && { workerId: last.workerId }),
    ...(metadata && { metadata }),
  };
}

function dateOf<K extends string>(key: K, time: number | undefined): { readonly [P in K]?: Date } {
  return (time === undefined ? {} : { [key]: new Date(time) }) as { readonly [P in K]?: Date };
}

function toAttempt({ attempt, startedAt, finishedAt, workerId, error }: AttemptRecord): ExecutionAttempt {
  return {
    attempt,
    startedAt: new Date(startedAt),
    finishedAt: new Date(finishedAt),
    ...(error && { error: toError(error) }),
    ...(error?.stack !== undefined && { stack: error.stack }),
    workerId,
  };
}

function toError({ name, message, code }: Pick<ErrorRecord, 'name' | 'message' | 'code'>): ExecutionError {
  return { name, message, ...(code !== undefined && { code }) };
}

function toStep({ name, startedAt, finishedAt, result }: StepRecord): ExecutionStep {
  return {
    name,
    startedAt: new Date(startedAt),
    finishedAt: new Date(finishedAt),
    ...(result !== undefined && { result }),
  };
}

/** Steps that were begun and have not succeeded, as the last attempt left them that tried. */
function unfinishedSteps(attempts: readonly AttemptRecord[], finished: readonly StepRecord[]): ExecutionStep[] {
  const left = new Map<string, ExecutionStep>();
  for (const { unfinished = [] } of attempts) {
    for (const { name, startedAt, error } of unfinished) {
      left.set(name, { name, startedAt: new Date(startedAt), ...(error && { error: toError(error) }) });
    }
  }
  for (const { name } of finished) left.delete(name);
  return [...left.values()];
}
