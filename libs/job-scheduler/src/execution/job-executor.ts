import { describeThrown, toErrorRecord } from '../common/describe-error.js';
import { JobUnknownError } from '../errors/unknown-name-errors.js';
import type { JobDefaults } from '../options/resolved-options.js';
import type { RegisteredJob } from '../discovery/registered-job.js';
import type { DeclaredJob } from '../store/ports/declared-job.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import { Attempt } from './attempt.js';
import type { AttemptServices } from './attempt-services.js';
import { retentionElsewhere, retentionOf } from '../jobs/retention.js';
import { toExecutionWrite } from './outcome/execution-report.js';
import type { FleetJobs } from './fleet-jobs.js';
import { requeueUnknown, restForCancel } from './outcome/requeue-unknown.js';
import type { Outcome } from './outcome/outcome.js';
import { logFailure } from './outcome/outcome-maker.js';
import { reviveError } from '../jobs/revive-error.js';
import { toFailure } from './outcome/job-failure.js';
import type { JobReports, JobRunner, RunningJob } from './running-job.js';
import { emitEnd } from './outcome/attempt-events.js';

/** What the executor asks of the registry. */
export interface RegisteredJobs {
  find(name: string): RegisteredJob | undefined;
  names(): readonly string[];
}

/** How long after it was due an unknown job stays in its queue, in milliseconds: a deploy may be under way. */
const UNKNOWN_FOR = 10 * 60_000;

/** Starts attempts of registered jobs. */
export class JobExecutor implements JobRunner {
  /**
   * @param fleet absent: this process is alone.
   * @param hasRecentOrder whether a cancel request came a moment ago for an execution that did not run here.
   */
  constructor(
    private readonly services: AttemptServices,
    private readonly jobs: RegisteredJobs,
    private readonly defaults: JobDefaults,
    private readonly fleet?: FleetJobs,
    private readonly hasRecentOrder: (id: string) => boolean = () => false,
  ) {}

  begin(started: QueuedExecution, reports: JobReports): RunningJob {
    const registered = this.jobs.find(started.job);
    return registered ? new Attempt(this.services, started, registered, reports).start() : this.unknown(started);
  }

  /**
   * A job without code in this process. That is no failure, and uses up no attempt: it goes back for processes that know it,
   * which may be about to start. Failed in the end, it is kept for a retry by a version that knows it.
   */
  private unknown(started: QueuedExecution): RunningJob {
    return {
      started,
      onShutdown: 'wait',
      outcome: this.outcomeOf(started),
      abort: () => false,
      abandon: () => undefined,
    };
  }

  private async outcomeOf(started: QueuedExecution): Promise<Outcome> {
    const now = this.services.clock.now();
    if (now - dueAt(started) >= UNKNOWN_FOR && !(await this.isAwaited(started))) return this.failed(started, now);
    // It may be passed on faster than a cancel request looks for it.
    const { delay, pause, note } = (this.hasRecentOrder(started.id) ? restForCancel : requeueUnknown)(
      started.givenBack,
      now,
    );
    return { kind: 'snooze', delay, pause, givenBack: note };
  }

  /** The clock of this process may be wrong. A store that does not answer says nothing against it. */
  private async isAwaited(started: QueuedExecution): Promise<boolean> {
    if (!this.fleet) return false;
    try {
      const now = await this.fleet.now();
      return now - dueAt(started) < UNKNOWN_FOR || (await this.fleet.isDeclared(started.job));
    } catch {
      return true;
    }
  }

  private failed(started: QueuedExecution, now: number): Outcome {
    const { services, defaults } = this;
    const error = new JobUnknownError(started.job, this.jobs.names());
    logFailure({ ...services, logStacks: false }, started, error);
    const { count, age } = retentionOf(retentionElsewhere(defaults.retention), started.overrides.retention);
    const write = toExecutionWrite({
      started,
      workerId: services.workerId,
      maxAttempts: started.maxAttempts || 1,
      retention: { count: services.history ? count : 0, age },
      startedAt: now,
      finishedAt: now,
      final: 'failed',
      error,
    });
    const outcome: Outcome = { kind: 'failed', error, write };
    const ended = { started, startedAt: now, finishedAt: now, hasBegun: false } as const;
    const { events } = services;
    const emit = events?.wanted ? () => emitEnd(events, ended, outcome) : undefined;
    return { ...outcome, effects: { onFail: () => this.runOnFail(started, error), emit } };
  }

  /** Its `onFail` job, where the versions that know it have said which. Never rejects. */
  private async runOnFail(started: QueuedExecution, error: Error): Promise<void> {
    const { logger, onFail } = this.services;
    const { id, job, fence } = started;
    try {
      const target = await this.onFailOf(job);
      if (!target) return;
      const failure = toFailure(started, reviveError(toErrorRecord(error)));
      await onFail.runElsewhere(target, failure, fence);
    } catch (thrown) {
      const { message } = describeThrown(thrown);
      logger.error(`Job "${job}" failed for good, and its onFail job is not known: ${message}`, { job, id });
    }
  }

  private async onFailOf(job: string): Promise<DeclaredJob | undefined> {
    const name = (await this.fleet?.find(job))?.onFail;
    return name === undefined ? undefined : this.fleet?.find(name);
  }
}

function dueAt({ createdAt, delay = 0 }: QueuedExecution): number {
  return createdAt + delay;
}
