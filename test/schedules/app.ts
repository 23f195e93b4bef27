/** An app whose jobs only tell that they ran. */
import { Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { JobSchedulerModule, JobService, type JobOptions, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { SCHEDULE_TIMING, SCHEDULE_TIMING_TOKEN, type SchedulerTiming } from '#src/scheduling/schedule-timing.js';
import { SchedulerRuntime } from '#src/service/runtime/scheduler-runtime.js';
import type { Store } from '#src/store/ports/ports.js';
import { StoreHolder } from '#src/store/store-holder.js';

/** What can go to another process. */
export interface AppPlan {
  readonly options: JobSchedulerOptions;
  readonly jobs: readonly (JobOptions & { name: string })[];
  readonly timing?: Partial<SchedulerTiming>;
}

export interface Run {
  readonly job: string;
  readonly trigger: string;
  /** Nominal, in milliseconds since the epoch. */
  readonly scheduledFor: number | undefined;
  readonly scheduleId: string | undefined;
  readonly payload: unknown;
  /** When it started. */
  readonly at: number;
}

export interface TestApp {
  readonly app: INestApplicationContext;
  readonly jobs: JobService;
  readonly store: Store;
  readonly runtime: SchedulerRuntime;
}

/** Boots, with `jobs` registered before. With `autoStart` they fire from here on. */
export async function startApp({ options, jobs, timing }: AppPlan, onRun: (run: Run) => void): Promise<TestApp> {
  @Module({ imports: [JobSchedulerModule.forRoot(options)] })
  class App {}
  const module = await Test.createTestingModule({ imports: [App] })
    .overrideProvider(SCHEDULE_TIMING_TOKEN)
    .useValue({ ...SCHEDULE_TIMING, ...timing })
    .compile();
  const app = module.createNestApplication({ logger: process.env.PLAN ? ['warn', 'error'] : false });
  const service = app.get(JobService);
  for (const job of jobs) {
    service.register(job, (payload, { trigger, scheduledFor, scheduleId }) => {
      onRun({ job: job.name, trigger, scheduledFor: scheduledFor?.getTime(), scheduleId, payload, at: Date.now() });
    });
  }
  await app.init();
  const store = app.get(StoreHolder, { strict: false }).require('look');
  return { app, jobs: service, store, runtime: app.get(SchedulerRuntime, { strict: false }) };
}
