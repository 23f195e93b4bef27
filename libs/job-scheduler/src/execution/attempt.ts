import type { ClockTimer } from '../common/clock.js';
import { describeThrown } from '../common/describe-error.js';
import { checkSchema } from '../definition/schema.js';
import type { RegisteredJob } from '../discovery/registered-job.js';
import type { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { JobAbortError, JobLockLostError, JobTimeoutError } from '../errors/outcome-errors.js';
import { PayloadInvalidError } from '../errors/payload-errors.js';
import { copyOfPayload, type QueuedExecution } from '../store/codecs/queued-execution.js';
import type { StepRecord } from '../store/ports/execution-record.js';
import { AttemptContext } from './attempt-context.js';
import type { AttemptServices } from './attempt-services.js';
import { AttemptSignal } from './attempt-signal.js';
import { EarlierStarts, mayHaveStarted, stepsToKeep } from './earlier-starts.js';
import { effectiveOptions, type EffectiveOptions } from './effective-options.js';
import { jobScope } from './job-scope.js';
import { LogLines } from './logs/log-lines.js';
import { emitEnd, emitStarted } from './outcome/attempt-events.js';
import { OutcomeMaker } from './outcome/outcome-maker.js';
import { finalStatus, type Outcome } from './outcome/outcome.js';
import type { OverlapGuard } from './overlap/overlap-guard.js';
import { isLimited } from './overlap/run-limits.js';
import { ProgressReport } from './progress-report.js';
import { retryUntilAnswered } from './retry-until-answered.js';
import type { JobReports, RunningJob } from './running-job.js';
import { StepLog } from './steps/step-log.js';
import { StepSequence } from './steps/step-sequence.js';

/** One attempt of a registered job, from its start to its outcome. */
export class Attempt implements RunningJob {
  readonly onShutdown: 'wait' | 'abort';
  readonly outcome: Promise<Outcome>;

  private readonly plan: EffectiveOptions;
  private readonly outcomes: OutcomeMaker;
  private readonly startedAt: number;
  private readonly signal = new AttemptSignal();
  /** Undefined for the many jobs that may run beside each other: they pay nothing. */
  private readonly guard: OverlapGuard | undefined;
  /** Resolves when the handler has ended, which may be after the attempt. */
  private handled: Promise<void> | undefined;
  /** Set while code of the app runs: what the store takes before is not the handler's time. */
  private deadline: ClockTimer | undefined;
  private logLines: LogLines | undefined;
  private stepLog: StepLog | undefined;
  private report: ProgressReport | undefined;
  /** Undefined for a first start. */
  private earlier: EarlierStarts | undefined;
  private hasBegun = false;
  /** The handler has returned, or does not run: nothing changes the outcome any more. */
  private decided = false;
  private over = false;
  private hasWarnedOfLateStep = false;
  private resolve!: (outcome: Outcome) => void;

  constructor(
    private readonly services: AttemptServices,
    readonly started: QueuedExecution,
    private readonly registered: RegisteredJob,
    private readonly reports: JobReports,
  ) {
    const { definition } = registered;
    this.onShutdown = definition.onShutdown;
    this.plan = effectiveOptions(definition, started);
    this.startedAt = services.clock.now();
    this.outcomes = new OutcomeMaker(services, started, registered, this.plan, this.startedAt);
    if (isLimited(definition, started))
      this.guard = services.admission?.guard(definition, started, () => this.abort(new JobLockLostError(started.id)));
    this.outcome = new Promise((resolve) => (this.resolve = resolve));
  }

  start(): this {
    this.handled = this.run();
    return this;
  }

  abort(reason: JobSchedulerError): boolean {
    if (this.over || this.decided) return false;
    this.signal.fire(reason);
    // The store may not answer for long.
    this.deadline ??= this.armDeadline();
    if (reason instanceof JobTimeoutError) this.abandon();
    // The first reason stands: a run that is being put back for a shutdown has not been cancelled.
    return this.signal.reason?.code === reason.code;
  }

  abandon(): void {
    if (this.over || !this.signal.reason) return;
    this.end(this.endedBy(this.signal.reason));
    this.watchLate();
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.work();
    } catch (thrown) {
      if (this.over) return;
      // Once the signal has fired, its reason decides.
      outcome = this.endedBy(this.signal.reason ?? describeThrown(thrown));
    }
    this.end(outcome);
  }

  private async work(): Promise<Outcome> {
    if (mayHaveStarted(this.started)) {
      this.earlier = new EarlierStarts(this.started, this.services.executions);
      const ended = await this.earlier.load((ask) => this.retry(ask));
      if (ended) return this.decide(this.outcomes.endedBefore(ended));
    }
    const payload = await this.checkedPayload();
    const refusal = await this.guard?.acquire((ask) => this.retry(ask));
    // Nothing of it has begun yet.
    this.signal.check();
    if (refusal) return this.decide(this.outcomes.refused(refusal));
    const result = await this.callHandler(payload);
    this.signal.check();
    this.decided = true;
    return this.outcomes.completed(result);
  }

  private retry<T>(ask: () => Promise<T>): Promise<T> {
    return retryUntilAnswered(this.services.clock, this.signal, ask);
  }

  private async checkedPayload(): Promise<unknown> {
    const { schema } = this.registered.definition;
    const payload = copyOfPayload(this.started);
    if (!schema) return payload;
    this.deadline ??= this.armDeadline();
    const checked = await checkSchema(schema, payload);
    if (checked.ok) return checked.value;
    throw new PayloadInvalidError(this.started.job, 'no longer fits its schema', checked.issues);
  }

  private callHandler(payload: unknown): Promise<unknown> {
    const { started, plan, services, outcomes } = this;
    const { definition, invoker } = this.registered;
    this.hasBegun = true;
    if (services.events?.wanted) emitStarted(services.events, started, services.clock.now());
    this.deadline?.cancel();
    this.deadline = this.armDeadline();
    const steps = () => this.steps();
    const ctx = new AttemptContext({
      started,
      maxAttempts: plan.maxAttempts,
      fence: this.guard?.fence ?? started.fence,
      deadline: services.clock.now() + plan.timeout,
      abort: this.signal,
      steps,
      lines: () => this.lines(),
      report: () => (this.report ??= new ProgressReport(services, started, this.reports)),
    });
    const attempt = () =>
      invoker.attempt(payload, ctx, async (handlers, piped) => {
        if (definition.steps.length === 0) return handlers.run(piped, ctx);
        const onLast = (step: StepRecord) => (outcomes.lastStep = step);
        return new StepSequence(definition.steps, services.clock, steps(), onLast).run(handlers, piped, ctx);
      });
    return jobScope.isFollowed ? jobScope.run(this.lines(), attempt) : attempt();
  }

  private decide(outcome: Outcome): Outcome {
    this.decided = true;
    return outcome;
  }

  private endedBy(error: Error): Outcome {
    // The queue's own lock may still be ours: then the job goes back at once, and waits for its turn.
    if (this.guard?.isLost && error instanceof JobLockLostError) return { kind: 'requeue' };
    return this.outcomes.ended(error);
  }

  private end(outcome: Outcome): void {
    if (this.over) return;
    this.deadline?.cancel();
    // Nothing of this attempt is stored or logged any more, however long its handler goes on.
    this.over = true;
    if (this.logLines?.mayHaveLines || this.report?.idle()) void this.endWhenStored(outcome);
    else this.resolve(this.withEffects(outcome));
  }

  private async endWhenStored(outcome: Outcome): Promise<void> {
    await this.logLines?.flushed();
    await this.report?.idle();
    this.resolve(this.withEffects(outcome));
  }

  private withEffects(outcome: Outcome): Outcome {
    const { guard, started, startedAt, hasBegun, services } = this;
    const { events } = services;
    const endedBefore = this.earlier?.ended?.final;
    const final = endedBefore ?? finalStatus(outcome);
    const keepSteps = outcome.kind === 'failed' ? stepsToKeep(started, this.recorded, this.reports) : undefined;
    const release = guard && ((isFinished: boolean) => guard.release(outcome, isFinished));
    // An earlier start may have lines, too.
    const lines = services.logs && started.fence > 1 ? this.lines() : this.logLines;
    const endLog = final && lines?.mayHaveLines ? () => lines.end(final) : undefined;
    const finishedAt = services.clock.now();
    const end = { started, startedAt, finishedAt, hasBegun, endedBefore, lastStep: this.outcomes.lastStep };
    const emit = events?.wanted ? () => emitEnd(events, end, outcome) : undefined;
    if (!keepSteps && !release && !endLog && !emit) return outcome;
    return { ...outcome, effects: { ...outcome.effects, keepSteps, release, endLog, emit } };
  }

  /** At the deadline the attempt is over: as timed out, or by what it had been aborted for before. */
  private armDeadline(): ClockTimer {
    return this.services.clock.after(this.plan.timeout, () => {
      if (this.signal.reason) this.abandon();
      else this.abort(new JobTimeoutError(`Job "${this.started.job}"`, this.plan.timeout));
    });
  }

  /** Made at their first use, as most jobs write none. */
  private lines(): LogLines {
    return (this.logLines ??= new LogLines(this.services, this.started, this.plan.retention, () => this.over));
  }

  /** Steps that have succeeded, those of earlier attempts included. */
  private get recorded(): readonly StepRecord[] {
    return this.stepLog?.recorded ?? this.earlier?.recorded ?? [];
  }

  /** Made at its first use, as most jobs have no steps. */
  private steps(): StepLog {
    const { started, services, signal } = this;
    this.stepLog ??= new StepLog(started, services, signal, () => this.ensureGoing(), this.recorded);
    this.outcomes.steps = this.stepLog;
    return this.stepLog;
  }

  private ensureGoing(): void {
    this.signal.check();
    if (!this.over) return;
    const problem = `This attempt of job "${this.started.job}" is over: await what you start in it`;
    // What is not awaited fails in silence, and the job has completed without it.
    if (this.decided && !this.hasWarnedOfLateStep) this.outcomes.log('warn', problem);
    this.hasWarnedOfLateStep = true;
    throw new JobAbortError(problem);
  }

  /** A handler that goes on after its attempt is over is dropped; if it goes on for long, that is worth a line. */
  private watchLate(): void {
    const warn = () =>
      this.outcomes.log('warn', `The handler of job "${this.started.job}" ignores its signal and still runs`);
    const timer = this.services.clock.after(this.plan.timeout, warn, false);
    void this.handled?.then(() => timer.cancel());
  }
}
