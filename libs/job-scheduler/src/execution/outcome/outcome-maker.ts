import type { Clock } from '../../common/clock.js';
import { describeThrown, toErrorRecord } from '../../common/describe-error.js';
import type { OwnLogger } from '../../common/own-logger.js';
import { JobCancelError } from '../../errors/outcome-errors.js';
import type { RegisteredJob } from '../../discovery/registered-job.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../../store/ports/execution-record.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { EffectiveOptions } from '../effective-options.js';
import { classify, type Verdict } from './classify.js';
import { toExecutionWrite, type AttemptEnd } from './execution-report.js';
import { toFailure } from './job-failure.js';
import type { OnFailAction } from '../on-fail.js';
import type { Outcome } from './outcome.js';
import { reviveError } from '../../jobs/revive-error.js';
import type { StepLog } from '../steps/step-log.js';

export interface OutcomeServices {
  readonly clock: Clock;
  readonly logger: OwnLogger;
  /** Whether the log has the stack of what fails for good. */
  readonly logStacks: boolean;
  readonly workerId: string;
  /** `false`: nothing is kept of executions that have ended. */
  readonly history: boolean;
  readonly onFail: OnFailAction;
}

/** Tells the log of a job that has failed for good: once, and with all that a reader of plain text needs. */
export function logFailure(
  { logger, logStacks }: Pick<OutcomeServices, 'logger' | 'logStacks'>,
  { job, id }: QueuedExecution,
  error: Error,
  fields: object = {},
): void {
  const { message, stack } = toErrorRecord(error);
  const text = `Job "${job}" (${id}) failed for good: ${message}`;
  logger.failure(text, { job, id, ...fields }, logStacks ? stack : undefined);
}

/** Turns the end of one attempt into its outcome: what the queue is told, and what is recorded. */
export class OutcomeMaker {
  /** Set when the last step of a job has succeeded: it is stored with the attempt's own record. */
  lastStep: StepRecord | undefined;
  /** Set when the handler starts. */
  steps: StepLog | undefined;

  constructor(
    private readonly services: OutcomeServices,
    private readonly started: QueuedExecution,
    private readonly registered: RegisteredJob,
    private readonly plan: EffectiveOptions,
    private readonly startedAt: number,
  ) {}

  /** The handler returned `result`, which is JSON. */
  completed(result: unknown): Outcome {
    return { kind: 'completed', result, write: this.write({ final: 'completed', result }) };
  }

  /** The handler threw, or its signal's reason stands for it. */
  ended(error: Error): Outcome {
    const { attempt, job, id, fence } = this.started;
    const { maxAttempts } = this.plan;
    const verdict = this.judge(error);
    switch (verdict.kind) {
      case 'retry':
        this.log(
          'warn',
          `Attempt ${attempt} of ${maxAttempts} of job "${job}" (${id}) failed: ${toErrorRecord(error).message}`,
        );
        return { ...verdict, error, write: this.write({ final: undefined, error }) };
      case 'failed': {
        logFailure(this.services, this.started, error, { attempt, maxAttempts });
        const write = this.write({ final: 'failed', error });
        const beforeFinish = this.onFail(error, fence);
        // An `@OnJobFail` method may change the error itself.
        return { ...verdict, error: beforeFinish ? reviveError(toErrorRecord(error)) : error, write, beforeFinish };
      }
      case 'cancelled': {
        const cancelledBy = (error instanceof JobCancelError ? error.by : undefined) ?? this.services.workerId;
        return { ...verdict, write: this.write({ final: 'cancelled', reason: verdict.reason, cancelledBy }) };
      }
      default:
        return verdict;
    }
  }

  /** The execution had ended already when its worker died: the queue is told now, and nothing runs. */
  endedBefore(stored: StoredExecution): Outcome {
    switch (stored.final) {
      case 'failed': {
        const error = reviveError(stored.head?.error);
        return { kind: 'failed', error, write: undefined, beforeFinish: this.onFail(error, stored.fence) };
      }
      case 'cancelled':
      case 'skipped':
        return { kind: 'cancelled', reason: stored.head?.reason ?? stored.final, write: undefined };
      default:
        return { kind: 'completed', result: stored.head?.result, write: undefined };
    }
  }

  /** It has not run, and will not. */
  unstarted(kind: 'skipped' | 'cancelled', reason: string): Outcome {
    const cancelledBy = kind === 'cancelled' ? this.services.workerId : undefined;
    const write = this.write({ final: kind, reason, ...(cancelledBy !== undefined && { cancelledBy }) });
    if (!write) return { kind, reason, write };
    const { attempt: _, head, ...rest } = write;
    const { startedAt: __, ...unstarted } = head;
    return { kind, reason, write: { ...rest, head: unstarted } };
  }

  log(level: 'warn' | 'error', message: string): void {
    const { job, id, attempt } = this.started;
    this.services.logger[level](message, { job, id, attempt, maxAttempts: this.plan.maxAttempts });
  }

  /** A snooze of rubbish counts as an error of the handler. */
  private judge(error: Error): Verdict {
    const { attempt } = this.started;
    const { maxAttempts, retry } = this.plan;
    try {
      return classify(error, attempt, maxAttempts, retry);
    } catch (thrown) {
      return classify(describeThrown(thrown), attempt, maxAttempts, retry);
    }
  }

  private write(
    end: Pick<AttemptEnd, 'final' | 'result' | 'error' | 'reason' | 'cancelledBy'>,
  ): ExecutionWrite | undefined {
    const { services, started, plan, startedAt } = this;
    const hasRecords = started.fence > 1 || this.steps?.hasStored;
    if (!services.history && end.final && !hasRecords) return undefined;
    const { count, age } = plan.retention;
    return toExecutionWrite({
      started,
      workerId: services.workerId,
      maxAttempts: plan.maxAttempts,
      retention: { count: services.history ? count : 0, age },
      startedAt,
      finishedAt: services.clock.now(),
      final: end.final,
      result: end.result,
      error: end.error,
      reason: end.reason,
      cancelledBy: end.cancelledBy,
      step: this.lastStep,
      unfinished: this.steps?.unfinished,
    });
  }

  private onFail(error: Error, fence: number): (() => Promise<void>) | undefined {
    const { registered, started, services } = this;
    if (!registered.invoker.onFail && registered.definition.onFail === undefined) return undefined;
    const failures = {
      forMethod: () => toFailure(started, error),
      forJob: () => toFailure(started, reviveError(toErrorRecord(error))),
    };
    return () => services.onFail.run(registered, failures, fence);
  }
}
