import type { Clock } from '../../common/clock.js';
import type { StepDefinition } from '../../definition/job-definition.js';
import { describeThrown } from '../../common/describe-error.js';
import { retryDelay } from '../../definition/retry-policy.js';
import type { JobHandlers } from '../../discovery/handlers/job-invoker.js';
import type { StepRecord } from '../../store/ports/execution-record.js';
import type { AttemptContext } from '../attempt-context.js';
import { withTimeLimit } from '../time-limit.js';
import { isFinalError } from '../outcome/classify.js';
import type { StepLog } from './step-log.js';

/** The steps of a job in order: those that are recorded already are not run again. Gives the last one's result. */
export class StepSequence {
  constructor(
    private readonly steps: readonly StepDefinition[],
    private readonly clock: Clock,
    private readonly log: StepLog,
    /** Takes the last step's record, which is stored together with the execution's. */
    private readonly onLast: (step: StepRecord) => void,
  ) {}

  async run(handlers: JobHandlers, payload: unknown, ctx: AttemptContext): Promise<unknown> {
    let result: unknown;
    for (const [index, step] of this.steps.entries()) {
      ctx.signal.throwIfAborted();
      result = await this.withRetries(step, ctx, () =>
        this.log.run(
          step.name,
          () => ctx.inScopeOf(step.name, () => this.call(step, handlers, payload, ctx)),
          index === this.steps.length - 1 ? this.onLast : undefined,
        ),
      );
    }
    return result;
  }

  private async call(
    step: StepDefinition,
    handlers: JobHandlers,
    payload: unknown,
    ctx: AttemptContext,
  ): Promise<unknown> {
    const own = ctx.withStep(step.name);
    if (step.timeout === undefined) return handlers.step(step.method, payload, own);
    const limit = { clock: this.clock, what: `Step "${step.name}"`, timeout: step.timeout, outer: ctx.signal };
    return withTimeLimit(limit, async (signal) => handlers.step(step.method, payload, own.withSignal(signal)));
  }

  /** A step's own retries: inside the attempt, before it fails. */
  private async withRetries(step: StepDefinition, ctx: AttemptContext, work: () => Promise<unknown>): Promise<unknown> {
    for (let retry = 1; ; retry++) {
      try {
        return await work();
      } catch (thrown) {
        const error = describeThrown(thrown);
        if (retry > step.retry.max || isFinalError(error)) throw error;
        await this.clock.sleep(retryDelay(step.retry, retry, error), ctx.signal);
        ctx.signal.throwIfAborted();
      }
    }
  }
}
