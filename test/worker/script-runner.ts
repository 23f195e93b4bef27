import type { JobSchedulerError } from '#src/errors/job-scheduler-error.js';
import { JobCancelError, JobLockLostError, JobShutdownError } from '#src/errors/outcome-errors.js';
import type { Outcome } from '#src/execution/outcome/outcome.js';
import type { JobReports, JobRunner, RunningJob } from '#src/execution/running-job.js';
import type { ExecutionWrite } from '#src/store/ports/execution-record.js';
import type { QueuedExecution } from '#src/store/codecs/queued-execution.js';

export interface Run {
  readonly started: QueuedExecution;
  readonly signal: AbortSignal;
  readonly reports: JobReports;
}

/** Gives an outcome, or a result. */
export type Script = (run: Run) => unknown;

const DAY = 86_400_000;

/** The record of an attempt, as the executor would write it. */
export function recordOf(started: QueuedExecution, final?: ExecutionWrite['final']): ExecutionWrite {
  const { id, job, queue, fence, attempt, createdAt } = started;
  const now = Date.now();
  return {
    id,
    job,
    queue,
    fence,
    ...(final ? { final } : {}),
    head: { trigger: 'enqueue', createdAt, startedAt: now, completedAt: now, maxAttempts: started.maxAttempts },
    attempt: { attempt, startedAt: now, finishedAt: now, workerId: 'test' },
    keep: { count: 1_000, age: DAY },
  };
}

export function failedOf(started: QueuedExecution, message = 'no'): Outcome {
  return { kind: 'failed', error: new Error(message), write: recordOf(started, 'failed') };
}

export function retryOf(started: QueuedExecution, delay: number, message = 'not yet'): Outcome {
  return { kind: 'retry', delay, error: new Error(message), write: recordOf(started) };
}

/** What the executor does for the pool, with scripts in place of jobs. Nothing of it is a stand-in for a store. */
export class ScriptRunner implements JobRunner {
  readonly starts: QueuedExecution[] = [];
  readonly outcomes: { readonly started: QueuedExecution; readonly outcome: Outcome }[] = [];
  now = 0;
  most = 0;
  private readonly nowById = new Map<string, number>();
  /** The most runs of one id at once. */
  mostOfOneId = 0;

  constructor(
    private readonly script: Script,
    private readonly options: { records?: boolean; onShutdown?: (started: QueuedExecution) => 'wait' | 'abort' } = {},
  ) {}

  begin(started: QueuedExecution, reports: JobReports): RunningJob {
    const controller = new AbortController();
    let cut!: () => void;
    const cutShort = new Promise<void>((resolve) => (cut = resolve));
    this.starts.push(started);
    this.most = Math.max(this.most, ++this.now);
    const ofId = (this.nowById.get(started.id) ?? 0) + 1;
    this.nowById.set(started.id, ofId);
    this.mostOfOneId = Math.max(this.mostOfOneId, ofId);

    const outcome = this.run({ started, signal: controller.signal, reports }, cutShort).then((ended) => {
      this.now--;
      this.nowById.set(started.id, this.nowById.get(started.id)! - 1);
      this.outcomes.push({ started, outcome: ended });
      return ended;
    });
    return {
      started,
      onShutdown: this.options.onShutdown?.(started) ?? 'wait',
      outcome,
      abort: (reason) => {
        controller.abort(reason);
        return true;
      },
      abandon: () => controller.signal.aborted && cut(),
    };
  }

  private async run(run: Run, cutShort: Promise<void>): Promise<Outcome> {
    let result: unknown;
    try {
      result = await Promise.race([this.script(run), cutShort]);
    } catch (error) {
      result = { kind: 'failed', error: error as Error, write: this.record(run.started, 'failed') };
    }
    if (run.signal.aborted) return this.byReason(run.started, run.signal.reason as JobSchedulerError);
    if (typeof result === 'object' && result !== null && 'kind' in result) return result as Outcome;
    return { kind: 'completed', result, write: this.record(run.started, 'completed') };
  }

  private byReason(started: QueuedExecution, reason: JobSchedulerError): Outcome {
    if (reason instanceof JobShutdownError) return { kind: 'requeue' };
    if (reason instanceof JobLockLostError) return { kind: 'lost' };
    if (reason instanceof JobCancelError)
      return { kind: 'cancelled', reason: reason.reason, write: this.record(started, 'cancelled') };
    return { kind: 'failed', error: reason, write: this.record(started, 'failed') };
  }

  private record(started: QueuedExecution, final: ExecutionWrite['final']): ExecutionWrite | undefined {
    return this.options.records === false ? undefined : recordOf(started, final);
  }
}
