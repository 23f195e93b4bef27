import { JobUnknownError } from '../errors/unknown-name-errors.js';
import type { JobDefaults } from '../options/resolved-options.js';
import type { RegisteredJob } from '../registry/registered-job.js';
import type { StartedJob } from '../store/started-job.js';
import { Attempt, type AttemptServices } from './attempt.js';
import { toExecutionWrite } from './execution-report.js';
import type { Outcome } from './outcome.js';
import { logFailure } from './outcome-maker.js';
import type { JobReports, JobRunner, RunningJob } from './running-job.js';
import { withEndTold } from './tell-events.js';

/** What the executor asks of the registry. */
export interface RegisteredJobs {
  find(name: string): RegisteredJob | undefined;
  names(): readonly string[];
}

/** Starts attempts of registered jobs. */
export class JobExecutor implements JobRunner {
  constructor(
    private readonly services: AttemptServices,
    private readonly jobs: RegisteredJobs,
    private readonly defaults: JobDefaults,
  ) {}

  begin(started: StartedJob, reports: JobReports): RunningJob {
    const registered = this.jobs.find(started.job);
    return registered ? new Attempt(this.services, started, registered, reports) : this.unknown(started);
  }

  /** A job that no code here stands for: failed, and kept for a retry by a version that knows it. */
  private unknown(started: StartedJob): RunningJob {
    const { services, defaults } = this;
    const error = new JobUnknownError(started.job, this.jobs.names());
    logFailure({ ...services, logStacks: false }, started, error);
    const now = services.clock.now();
    const write = toExecutionWrite({
      started,
      workerId: services.workerId,
      maxAttempts: started.maxAttempts || 1,
      retention: { ...defaults.retention, count: services.history ? defaults.retention.count : 0 },
      startedAt: now,
      finishedAt: now,
      final: 'failed',
      error,
    });
    const outcome: Outcome = { kind: 'failed', error, write, beforeFinish: undefined };
    const ended = { started, startedAt: now, finishedAt: now, hasBegun: false } as const;
    return {
      started,
      onShutdown: 'wait',
      outcome: Promise.resolve(services.events?.wanted ? withEndTold(services.events, ended, outcome) : outcome),
      abort: () => false,
      giveUp: () => undefined,
    };
  }
}
