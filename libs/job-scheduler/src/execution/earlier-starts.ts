import { JobLockLostError, JobPoisonedError } from '../errors/outcome-errors.js';
import { keepSteps } from '../store/codecs/kept-steps.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { StepRecord, StoredExecution } from '../store/ports/execution-record.js';
import type { ExecutionStore } from '../store/ports/ports.js';
import type { RetryUntilAnswered } from './retry-until-answered.js';
import type { JobReports } from './running-job.js';

/** A job that took its worker down this often is failed. */
const CRASHES_ALLOWED = 3;

/**
 * How many crashes an execution is failed at. BullMQ never forgets one: each time a poisoned job was failed and retried by
 * hand, it may crash as often again.
 */
function poisonCap(stored: StoredExecution | undefined): number {
  const poisoned = stored?.attempts.filter((attempt) => attempt.error?.code === 'JOB_POISONED').length ?? 0;
  return CRASHES_ALLOWED * (1 + poisoned);
}

/**
 * Whether a failed execution was brought back by BullMQ's own means (its API, Bull Board) and not by this library: then it
 * runs, although its record says that it has ended. The other reason for such a start is that the process died between
 * storing the record and finishing BullMQ's job: then it must not run again.
 *
 * BullMQ counts an attempt at its finish, and counts when a job of a worker that died is put back. With its option
 * `resetAttemptsMade`, only the second of these says which it is.
 */
export function isRetriedElsewhere(stored: StoredExecution, started: QueuedExecution): boolean {
  const last = stored.attempts.at(-1);
  if (stored.final !== 'failed' || !last) return false;
  // Another job with a known id starts to count from 1.
  if (started.fence <= stored.fence) return false;
  return started.attempt > last.attempt || started.crashes === 0;
}

/** Whether an execution may have left something: a first start of a new id has not. */
export function mayHaveStarted({ fence, ownId, crashes, keptSteps }: QueuedExecution): boolean {
  return fence > 1 || ownId || crashes > 0 || keptSteps !== undefined;
}

/** What earlier starts of an execution have left. */
export class EarlierStarts {
  /** Steps that have succeeded. */
  recorded: readonly StepRecord[] = [];
  /** Set when the execution has ended already, and only its finish was missing. */
  ended: StoredExecution | undefined;

  constructor(
    private readonly started: QueuedExecution,
    private readonly executions: ExecutionStore,
  ) {}

  /**
   * @returns the record of an execution that has ended already.
   * @throws JobPoisonedError; JobLockLostError; what `retry` throws.
   */
  async load(retry: RetryUntilAnswered): Promise<StoredExecution | undefined> {
    const { executions, started } = this;
    const { id, fence, ownId, crashes } = started;
    const stored = fence > 1 || ownId ? await retry(() => executions.load(id)) : undefined;
    this.recorded = stored?.steps ?? [];
    if (stored?.final && !(isRetriedElsewhere(stored, started) && (await retry(() => executions.reopen(id))))) {
      return (this.ended = stored);
    }
    if (crashes >= poisonCap(stored)) throw new JobPoisonedError(crashes);
    await this.restoreSteps(retry);
    return undefined;
  }

  /** Records steps that stand with the job and are recorded no more. */
  private async restoreSteps(retry: RetryUntilAnswered): Promise<void> {
    const { id, job, queue, fence, keptSteps = [] } = this.started;
    const lost = keptSteps.filter(({ name }) => this.recorded.every((step) => step.name !== name));
    for (const step of lost) {
      const isOurs = await retry(() => this.executions.recordStep(id, job, queue, fence, step));
      if (!isOurs) throw new JobLockLostError(id);
    }
    if (lost.length > 0) this.recorded = [...lost, ...this.recorded];
  }
}

/**
 * A job that fails for good keeps its steps: a retry does not run them again, whatever became of its record.
 * @returns undefined: all that there are stand with the job already.
 */
export function stepsToKeep(
  { payload, payloadJson = JSON.stringify(payload), keptSteps = [] }: QueuedExecution,
  steps: readonly StepRecord[],
  reports: JobReports,
): (() => Promise<void>) | undefined {
  if (steps.length <= keptSteps.length) return undefined;
  return () => reports.keep(keepSteps(steps, payloadJson));
}
