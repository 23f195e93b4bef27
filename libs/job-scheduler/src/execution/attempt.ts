import type { Telemetry } from 'bullmq';
import type { ClockTimer } from '../common/clock.js';
import { describeThrown } from '../common/describe-error.js';
import type { FinalStatus } from '../definition/job-status.js';
import { toStorableJson } from '../common/json.js';
import { checkSchema } from '../definition/schema.js';
import type { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { JobAbortError, JobLockLostError, JobPoisonedError, JobTimeoutError } from '../errors/outcome-errors.js';
import { PayloadInvalidError, ResultInvalidError } from '../errors/payload-errors.js';
import type { RegisteredJob } from '../discovery/registered-job.js';
import type { StepRecord, StoredExecution } from '../store/ports/execution-record.js';
import { KEPT_LONGER } from '../store/ports/log-store.js';
import type { ExecutionStore } from '../store/ports/ports.js';
import { copyOfPayload, type QueuedExecution } from '../store/codecs/queued-execution.js';
import type { OverlapGuards } from './overlap/overlap-guards.js';
import { AttemptContext } from './attempt-context.js';
import { AttemptSignal } from './attempt-signal.js';
import { effectiveOptions, type EffectiveOptions } from './effective-options.js';
import { LogLines } from './logs/log-lines.js';
import type { LogWriter } from './logs/log-writer.js';
import { OutcomeMaker, type OutcomeServices } from './outcome/outcome-maker.js';
import { withEndLogged } from './logs/end-logged.js';
import type { Outcome } from './outcome/outcome.js';
import { poisonCap } from './outcome/poison-cap.js';
import { ProgressReport } from './progress-report.js';
import { isRetriedElsewhere } from './retried-elsewhere.js';
import { isLimited } from './overlap/run-limits.js';
import type { JobEvents } from '../events/job-events.js';
import { jobScope } from './job-scope.js';
import type { JobReports, RunningJob } from './running-job.js';
import { StepLog } from './steps/step-log.js';
import { withStepsKept, withStepsRestored } from './steps/steps-kept.js';
import { StepSequence } from './steps/step-sequence.js';
import { tellStarted, withEndTold } from './outcome/tell-events.js';
import type { OverlapGuard } from './overlap/overlap-guard.js';

const STORE_RETRY_DELAY = 1_000;

/** What every attempt of a process works with. */
export interface AttemptServices extends OutcomeServices {
  readonly executions: ExecutionStore;
  /** Absent: nothing is traced. */
  readonly telemetry?: Telemetry | undefined;
  /** Absent: runs are never kept apart. */
  readonly admission?: OverlapGuards;
  /** Absent: nobody ever listens. */
  readonly events?: JobEvents;
  /** Absent: log lines are kept nowhere. */
  readonly logs?: LogWriter;
}

/** One attempt of a registered job, from pick-up to outcome. */
export class Attempt implements RunningJob {
  readonly onShutdown: 'wait' | 'abort';
  readonly outcome: Promise<Outcome>;

  private readonly plan: EffectiveOptions;
  private readonly outcomes: OutcomeMaker;
  private readonly lines: LogLines;
  private readonly startedAt: number;
  private readonly abortion = new AttemptSignal();
  /** Set while code of the app runs: what the store takes before is not the handler's time. */
  private deadline: ClockTimer | undefined;
  private readonly handled: Promise<void>;
  private stepLog: StepLog | undefined;
  private report: ProgressReport | undefined;
  /** Steps of earlier attempts. */
  private recorded: readonly StepRecord[] = [];
  private resolve!: (outcome: Outcome) => void;
  /** The handler has returned, or is not to run: nothing changes the outcome any more. */
  private decided = false;
  private over = false;
  /** Of a step that the handler did not await, and that came to nothing. */
  private hasWarnedOfLateStep = false;
  private hasBegun = false;
  private endedBefore: FinalStatus | undefined;
  /** Undefined for the many jobs that may run beside each other: they pay nothing. */
  private readonly turn: OverlapGuard | undefined;

  constructor(
    private readonly services: AttemptServices,
    readonly started: QueuedExecution,
    private readonly registered: RegisteredJob,
    private readonly reports: JobReports,
  ) {
    const { clock } = services;
    this.onShutdown = registered.definition.onShutdown;
    this.plan = effectiveOptions(registered.definition, started);
    this.startedAt = clock.now();
    this.outcomes = new OutcomeMaker(services, started, registered, this.plan, this.startedAt);
    const { count, age } = this.plan.retention;
    this.lines = new LogLines({
      clock,
      writer: services.logs,
      source: { started, keep: age + KEPT_LONGER },
      isKept: services.history && count > 0,
      isOver: () => this.over,
    });
    this.turn = isLimited(registered.definition, started)
      ? services.admission?.turn(registered.definition, started, () => this.leaseLost())
      : undefined;
    this.outcome = new Promise((resolve) => (this.resolve = resolve));
    this.handled = this.run();
  }

  abort(reason: JobSchedulerError): boolean {
    if (this.over || this.decided) return false;
    this.abortion.fire(reason);
    // The store may not answer for long.
    this.deadline ??= this.armDeadline();
    if (reason instanceof JobTimeoutError) this.giveUp();
    // The first reason stands: a run that is being put back for a shutdown has not been cancelled.
    return this.abortion.reason?.code === reason.code;
  }

  giveUp(): void {
    const { reason } = this.abortion;
    if (this.over || !reason) return;
    this.end(this.endedBy(reason));
    this.watchLate();
  }

  private leaseLost(): void {
    this.abort(new JobLockLostError(this.started.id));
  }

  /** Resolves when the handler has ended, which may be after the attempt. Never rejects. */
  private async run(): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.work();
    } catch (thrown) {
      if (this.over) return;
      // Once the signal has fired, its reason decides.
      outcome = this.endedBy(this.abortion.reason ?? describeThrown(thrown));
    }
    this.end(outcome);
  }

  private end(ended: Outcome): void {
    if (this.over) return;
    const outcome = withStepsKept(ended, this.started, this.stepLog?.recorded ?? this.recorded, this.reports);
    this.deadline?.cancel();
    // Nothing of this attempt is stored or said any more, however long its handler goes on.
    this.over = true;
    if (this.turn || this.lines.mayHaveLines || this.report?.idle()) void this.conclude(outcome);
    else this.resolve(this.announced(outcome));
  }

  /** The outcome, which is told to whoever listens once it is stored. */
  private announced(outcome: Outcome): Outcome {
    const { events, clock } = this.services;
    if (!events?.wanted) return outcome;
    const { started, startedAt, hasBegun, endedBefore } = this;
    const { lastStep } = this.outcomes;
    const ended = { started, startedAt, finishedAt: clock.now(), hasBegun, endedBefore, lastStep };
    return withEndTold(events, ended, outcome);
  }

  private async conclude(outcome: Outcome): Promise<void> {
    await this.lines.flushed();
    await this.report?.idle();
    const sealed = this.turn ? this.turn.seal(outcome) : outcome;
    const announced = (ended: Outcome) => this.announced(ended);
    this.resolve(
      this.lines.mayHaveLines ? withEndLogged(this.lines, sealed, announced, this.endedBefore) : announced(sealed),
    );
  }

  private endedBy(error: Error): Outcome {
    // The queue's own lock may still be ours: then the job goes back at once, and waits for its turn.
    if (this.turn?.isLost && error instanceof JobLockLostError) return { kind: 'release' };
    return this.outcomes.ended(error);
  }

  /** At the deadline the attempt is over: as timed out, or by what it had been aborted for before. */
  private armDeadline(): ClockTimer {
    return this.services.clock.after(this.plan.timeout, () => {
      if (this.abortion.reason) this.giveUp();
      else this.abort(new JobTimeoutError(`Job "${this.started.job}"`, this.plan.timeout));
    });
  }

  private async work(): Promise<Outcome> {
    const stored = await this.recall();
    this.recorded = stored?.steps ?? [];
    if (stored?.final && !(isRetriedElsewhere(stored, this.started) && (await this.reopen()))) {
      this.endedBefore = stored.final;
      return this.decide(this.outcomes.endedBefore(stored));
    }
    if (this.started.crashes >= poisonCap(stored)) throw new JobPoisonedError(this.started.crashes);
    this.recorded = await withStepsRestored(this.started, this.recorded, (step) => this.restore(step));
    const payload = await this.checkedPayload();
    const refused = this.turn && (await this.refused(this.turn));
    // Nothing of it has begun yet.
    this.abortion.check();
    if (refused) return this.decide(refused);
    const result = await this.handle(payload);
    this.abortion.check();
    this.decided = true;
    return this.outcomes.completed(this.storedResult(result));
  }

  /** What JSON gives back of the result, which the handler may still change. The work is done: a result that is no JSON is left out. */
  private storedResult(result: unknown): unknown {
    if (result === undefined || result === null) return result;
    const stored = toStorableJson(result);
    if (stored.ok) return stored.json === undefined ? undefined : (JSON.parse(stored.json) as unknown);
    const { message } = new ResultInvalidError(`job "${this.started.job}"`, stored.problem);
    this.outcomes.log('warn', `RESULT_INVALID: ${message} The job has completed without a result`);
    return undefined;
  }

  private decide(outcome: Outcome): Outcome {
    this.decided = true;
    return outcome;
  }

  /** What an earlier start of this execution left. A first start of a new id has left nothing. */
  private async recall(): Promise<StoredExecution | undefined> {
    if (this.started.fence <= 1 && !this.started.ownId) return undefined;
    return this.insist(() => this.services.executions.load(this.started.id));
  }

  private restore(step: StepRecord): Promise<boolean> {
    const { id, job, queue, fence } = this.started;
    return this.insist(() => this.services.executions.recordStep(id, job, queue, fence, step));
  }

  private reopen(): Promise<boolean> {
    return this.insist(() => this.services.executions.reopen(this.started.id));
  }

  /** A store error is not the job's: asks again until there is an answer, or the attempt is over. */
  private async insist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      this.abortion.check();
      try {
        return await ask();
      } catch {
        await this.services.clock.sleep(STORE_RETRY_DELAY, this.abortion.signal);
      }
    }
  }

  /** Asks for the leases that the job needs to run. Gives the outcome when it may not run now. */
  private async refused(turn: OverlapGuard): Promise<Outcome | undefined> {
    const refusal = await turn.enter((ask) => this.insist(ask));
    this.abortion.check();
    if (!refusal) return undefined;
    this.decided = true;
    switch (refusal.kind) {
      case 'skipped':
        return this.outcomes.unstarted('skipped', 'overlap');
      case 'replaced':
        return this.outcomes.unstarted('cancelled', 'replaced');
      default:
        return { kind: 'snooze', delay: refusal.delay };
    }
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

  private handle(payload: unknown): Promise<unknown> {
    const { started, plan, services, outcomes } = this;
    const { definition, invoker } = this.registered;
    this.hasBegun = true;
    if (services.events?.wanted) tellStarted(services.events, started, services.clock.now());
    const steps = () => this.steps();
    this.deadline?.cancel();
    this.deadline = this.armDeadline();
    const ctx = new AttemptContext({
      started,
      maxAttempts: plan.maxAttempts,
      fence: this.turn?.fence ?? started.fence,
      deadline: services.clock.now() + plan.timeout,
      abortion: this.abortion,
      steps,
      lines: this.lines,
      report: () => (this.report ??= new ProgressReport(services, started, this.reports)),
    });
    const attempt = () =>
      invoker.attempt(payload, ctx, async (handlers, piped) => {
        if (definition.steps.length === 0) return handlers.run(piped, ctx);
        const sequence = new StepSequence(
          definition.steps,
          services.clock,
          steps(),
          (step) => (outcomes.lastStep = step),
        );
        return sequence.run(handlers, piped, ctx);
      });
    return jobScope.isFollowed ? jobScope.run(this.lines, attempt) : attempt();
  }

  /** Made at its first use, as most jobs have no steps. */
  private steps(): StepLog {
    const { started, services, abortion } = this;
    this.stepLog ??= new StepLog(started, services, abortion, () => this.ensureGoing(), this.recorded);
    this.outcomes.steps = this.stepLog;
    return this.stepLog;
  }

  private ensureGoing(): void {
    this.abortion.check();
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
    void this.handled.then(() => timer.cancel());
  }
}
