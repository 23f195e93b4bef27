/** A process of a fleet whose jobs must not overlap. It tells when each run starts and ends. */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Duration, Job, JobContext, JobSchedulerModule, type JobOptions } from 'nestjs-job-scheduler';
import { tell } from '../support/tell.js';

const { STORE_URL, PREFIX, SCHEDULED, LOCK_DURATION } = process.env;

interface Work {
  /** Which of them. */
  n: number;
  /** How long it takes, in milliseconds. */
  ms: number;
  /** Only in the process of this id; 200 ms in the others. */
  only?: number;
}

async function work(given: Work | undefined, ctx: JobContext): Promise<void> {
  const run = { job: ctx.job, id: ctx.id, n: given?.n ?? ctx.scheduledFor?.getTime(), fence: ctx.fence };
  tell('start', { ...run, attempt: ctx.attempt, at: Date.now() });
  await new Promise<void>((resolve) => {
    const isElsewhere = given?.only !== undefined && given.only !== process.pid;
    // A scheduled run takes longer than its interval; one that is to be replaced goes on until it is.
    const scheduled = ctx.job === 'replace' ? 3_600_000 : 1_400;
    const timer = setTimeout(resolve, isElsewhere ? 200 : (given?.ms ?? scheduled));
    ctx.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  tell('end', { ...run, aborted: ctx.signal.aborted, at: Date.now() });
}

const options = (policy: JobOptions['overlap']): Omit<JobOptions, 'schema'> => ({
  overlap: policy!,
  retry: 0,
  timeout: '2h',
  ...(SCHEDULED ? { schedule: 'every 1s' } : {}),
});

@Injectable()
class Works {
  @Job({ ...options('allow'), name: 'allow' }) allow(given: Work, ctx: JobContext) {
    return work(given, ctx);
  }
  @Job({ ...options('skip'), name: 'skip' }) skip(given: Work, ctx: JobContext) {
    return work(given, ctx);
  }
  @Job({ ...options('wait'), name: 'wait' }) wait(given: Work, ctx: JobContext) {
    return work(given, ctx);
  }
  @Job({ ...options('replace'), name: 'replace' }) replace(given: Work, ctx: JobContext) {
    return work(given, ctx);
  }
  @Job({ ...options('allow'), concurrency: 2, name: 'two' }) two(given: Work, ctx: JobContext) {
    return work(given, ctx);
  }
}

@Module({
  imports: [
    JobSchedulerModule.forRoot({
      connection: STORE_URL!,
      prefix: PREFIX!,
      // Where no process is killed, none may lose a lock because the machine halted.
      lockDuration: (LOCK_DURATION ?? '1m') as Duration,
      shutdownTimeout: '5s',
      concurrency: 20,
    }),
  ],
  providers: [Works],
})
class App {}

Logger.overrideLogger(['warn', 'error']);
const app = await NestFactory.createApplicationContext(App, { abortOnError: false });
app.enableShutdownHooks();
tell('ready');
