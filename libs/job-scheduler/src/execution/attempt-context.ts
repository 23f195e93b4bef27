import type { Observable } from 'rxjs';
import { floating } from '../common/promises.js';
import { toStorableJson } from '../common/json.js';
import { lastValueOf } from '../common/last-value.js';
import { JobContext } from '../definition/job-context.js';
import type { JobTrigger } from '../definition/job-status.js';
import { ResultInvalidError } from '../errors/payload-errors.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { AttemptSignal } from './attempt-signal.js';
import { jobScope } from './job-scope.js';
import type { LogLines } from './logs/log-lines.js';
import type { StepLog } from './steps/step-log.js';
import type { ProgressReport } from './progress-report.js';

/** What an attempt gives its context to work with. */
export interface AttemptParts {
  readonly started: QueuedExecution;
  readonly maxAttempts: number;
  readonly fence: number;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly abort: AttemptSignal;
  readonly steps: () => StepLog;
  readonly lines: () => LogLines;
  readonly report: () => ProgressReport;
}

/** The context of one attempt. */
export class AttemptContext extends JobContext {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly scheduleId: string | undefined;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly trigger: JobTrigger;
  readonly scheduledFor: Date | undefined;
  readonly fence: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Set in the context of a declared step. */
  private readonly ownStep: string | undefined;

  constructor(private readonly parts: AttemptParts) {
    super();
    const { started } = parts;
    this.id = started.id;
    this.job = started.job;
    this.queue = started.queue;
    this.scheduleId = started.scheduleId;
    this.attempt = started.attempt;
    this.maxAttempts = parts.maxAttempts;
    this.trigger = started.trigger;
    this.scheduledFor = started.scheduledFor === undefined ? undefined : new Date(started.scheduledFor);
    this.fence = parts.fence;
    this.metadata = Object.freeze({ ...started.metadata });
  }

  get signal(): AbortSignal {
    return this.parts.abort.signal;
  }

  get deadline(): Date {
    return new Date(this.parts.deadline);
  }

  /** The same context with the signal of a step's own time limit. */
  withSignal(signal: AbortSignal): AttemptContext {
    return Object.create(this, { signal: { value: signal, enumerable: true } }) as AttemptContext;
  }

  /** The same context with the name of a step, whose lines it writes. */
  withStep(step: string): AttemptContext {
    return Object.create(this, { ownStep: { value: step } }) as AttemptContext;
  }

  /** Runs a step's code so that what it writes with Nest's logger, where that is followed, is known as this step's. */
  inScopeOf<T>(step: string, work: () => T): T {
    return jobScope.isFollowed ? jobScope.run(this.parts.lines().ofStep(step), work) : work();
  }

  /** Two steps may be begun at once, of which the second fails while the first is still awaited. */
  step<T>(name: string, work: () => T | Promise<T> | Observable<T>): Promise<T> {
    return floating(this.runStep(name, work));
  }

  result<T>(step: string): T {
    return this.parts.steps().result(step) as T;
  }

  log(message: string, data?: object): void {
    this.parts.lines().add(message, data, 'log', this.ownStep);
  }

  /** No async function: each call that waits would keep its value. */
  progress(value: number | object): Promise<void> {
    const { abort, lines, report } = this.parts;
    try {
      abort.check();
      const stored = toStorableJson(value);
      if (!stored.ok) return report().refuse(new ResultInvalidError('progress', stored.problem));
      if (lines().isOver) return Promise.resolve();
      // BullMQ's readers of events stop at one without a value.
      const reported = stored.json === undefined ? (null as unknown as object) : value;
      return report().report(reported, stored.json, lines());
    } catch (error) {
      return floating(Promise.reject(error));
    }
  }

  private async runStep<T>(name: string, work: () => T | Promise<T> | Observable<T>): Promise<T> {
    const { steps, lines } = this.parts;
    return (await steps().run(name, () =>
      this.inScopeOf(name, () => lines().during(name, async () => lastValueOf(work(), this))),
    )) as T;
  }
}
