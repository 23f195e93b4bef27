import type { Clock } from '../../common/clock.js';
import { describeThrown, toErrorRecord } from '../../common/describe-error.js';
import { toStorableJson } from '../../common/json.js';
import type { OwnLogger } from '../../common/own-logger.js';
import { JobCancelError } from '../../errors/outcome-errors.js';
import { ResultInvalidError } from '../../errors/payload-errors.js';
import type { RegisteredJob } from '../../discovery/registered-job.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../../store/ports/execution-record.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { EffectiveOptions } from '../effective-options.js';
import { classify, type Verdict } from './classify.js';
import { toExecutionWrite, type AttemptEnd } from './execution-report.js';
import { toFailure } from './job-failure.js';
import type { OnFailAction } from '../on-fail.js';
import type { Effects, Outcome } from './outcome.js';
import type { Refusal } from '../overlap/overlap-guard.js';
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

/** Logs that a job has failed for good: once, and with all that a reader of plain text needs. */
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

/** Turns the end of one attempt into its outcome: what its finish stores, and what is recorded. */
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

  /** The handler has returned. */
  completed(returned: unknown): Outcome {
    const result = this.storable(returned);
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
        const effects = this.onFail(error, fence);
        // An `@OnJobFail` method may change the error itself.
        return { ...verdict, error: effects ? reviveError(toErrorRecord(error)) : error, write, effects };
      }
      case 'cancelled': {
        const cancelledBy = (error instanceof JobCancelError ? error.by : undefined) ?? this.services.workerId;
        return { ...verdict, write: this.write({ final: 'cancelled', reason: verdict.reason, cancelledBy }) };
      }
      default:
        return verdict;
    }
  }

  /** The execution had ended already when its worker died: only the finish was missing, and nothing runs. */
  endedBefore(stored: StoredExecution): Outcome {
    switch (stored.final) {
      case 'failed': {
        const error = reviveError(stored.head?.error);
        return { kind: 'failed', error, write: undefined, effects: this.onFail(error, stored.fence) };
      }
      case 'cancelled':
      case 'skipped':
        return { kind: 'cancelled', reason: stored.head?.reason ?? stored.final, write: undefined };
      default:
        return { kind: 'completed', result: stored.head?.result, write: undefined };
    }
  }

  /** It may not run beside the others, or not yet. */
  refused(refusal: Refusal): Outcome {
    switch (refusal.kind) {
      case 'skipped':
        return this.unstarted('skipped', 'overlap');
      case 'replaced':
        return this.unstarted('cancelled', 'replaced');
      default:
        return { kind: 'snooze', delay: refusal.delay };
    }
  }

  /** It has not run, and will not. */
  private unstarted(kind: 'skipped' | 'cancelled', reason: string): Outcome {
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

  /** What JSON gives back of the result, which the handler may still change. The work is done: a result that is no JSON is left out. */
  private storable(result: unknown): unknown {
    if (result === undefined || result === null) return result;
    const stored = toStorableJson(result);
    if (stored.ok) return stored.json === undefined ? undefined : (JSON.parse(stored.json) as unknown);
    const { message } = new ResultInvalidError(`job "${this.started.job}"`, stored.problem);
    this.log('warn', `RESULT_INVALID: ${message} The job has completed without a result`);
    return undefined;
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

  private onFail(error: Error, fence: number): Effects | undefined {
    const { registered, started, services } = this;
    if (!registered.invoker.onFail && registered.definition.onFail === undefined) return undefined;
    const failures = {
      forMethod: () => toFailure(started, error),
      forJob: () => toFailure(started, reviveError(toErrorRecord(error))),
    };
    return { onFail: () => services.onFail.run(registered, failures, fence) };
  }
}
