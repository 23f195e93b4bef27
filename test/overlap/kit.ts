/** Apps whose jobs tell when they run, and what they must not do. All that is opened is closed after each test. */
import 'reflect-metadata';
import { afterEach } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  JobHistory,
  JobSchedulerModule,
  JobService,
  type JobContext,
  type JobOptions,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { scaled } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';

Logger.overrideLogger(false);

const apps: INestApplicationContext[] = [];
/** All that are open. */
export async function closeApps(): Promise<void> {
  await Promise.all(apps.splice(0).map((app) => app.close()));
}
afterEach(closeApps);

/** An app that enqueues and works, without jobs of its own: `register` adds them. */
export async function startApp(options: JobSchedulerOptions = {}): Promise<JobService> {
  const defaults: JobSchedulerOptions = {
    connection: 'memory:',
    prefix: randomPrefix(),
    role: ['producer', 'worker'],
    shutdownTimeout: scaled(1_000),
    // What waits for a lease comes because it is told, or not in time.
    lockDuration: '15m',
  };
  @Module({ imports: [JobSchedulerModule.forRoot({ ...defaults, ...options })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return app.get(JobService);
}

/** The history of an app that `startApp` started. */
export function historyOf(jobs: JobService): JobHistory {
  return apps.find((app) => app.get(JobService) === jobs)!.get(JobHistory);
}

/** One run of a stage's job, from its start. */
export interface Run {
  readonly id: string;
  readonly payload: unknown;
  readonly ctx: JobContext;
  /** Lets the handler end: with this error, or well. */
  end(error?: Error): void;
  /** Ended, or aborted. */
  ended: boolean;
}

/** A job whose runs go on until the test ends them, or their signal fires. */
export class Stage {
  /** In the order of their starts. */
  readonly runs: Run[] = [];
  /** The most at once so far. */
  most = 0;

  /** Runs that go on. */
  get going(): Run[] {
    return this.runs.filter(({ ended }) => !ended);
  }

  register(jobs: JobService, name: string, options: JobOptions = {}): void {
    jobs.register({ retry: 0, timeout: '1h', ...options, name }, (payload, ctx) => this.play(payload, ctx));
  }

  private async play(payload: unknown, ctx: JobContext): Promise<string> {
    let end!: (error?: Error) => void;
    const played = new Promise<void>((resolve, reject) => {
      end = (error) => (error ? reject(error) : resolve());
    });
    const run: Run = { id: ctx.id, payload, ctx, end, ended: false };
    this.runs.push(run);
    this.most = Math.max(this.most, this.going.length);
    ctx.signal.addEventListener('abort', () => end());
    try {
      await played;
      return ctx.id;
    } finally {
      run.ended = true;
    }
  }
}
