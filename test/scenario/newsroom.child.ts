/** An app in a process of its own. What it does is told as events; what it is to do comes from the environment. */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PostgresQueueBackend, RedisQueueBackend } from 'bullmq';
import { type Duration, Job, JobContext, JobSchedulerModule, JobService, JobStep } from 'nestjs-job-scheduler';
import { StoreHolder } from '#src/store/store-holder.js';
import { tell } from '../support/tell.js';
import { until } from '../support/until.js';

const env = process.env;

let ranId: string;

/** The record is on its way when BullMQ is told of the end: dies once it has arrived, with BullMQ not told. */
async function dieWhenRecorded(): Promise<void> {
  const { executions } = app.get(StoreHolder, { strict: false }).require('look');
  await until('it is recorded', async () => (await executions.load(ranId))?.final);
  process.kill(process.pid, 'SIGKILL');
}

if (env.DIE === 'before finish') {
  for (const backend of [RedisQueueBackend, PostgresQueueBackend]) {
    backend.prototype.moveToCompleted = () => new Promise((_, reject) => void dieWhenRecorded().catch(reject));
  }
}

@Job({ name: 'three.steps', retry: 0, timeout: '1m' })
class ThreeSteps {
  @JobStep() async first(_: { n: number }, ctx: JobContext) {
    tell('first', { id: ctx.id });
    return { from: process.pid };
  }
  @JobStep() async second(_: { n: number }, ctx: JobContext) {
    tell('second', { id: ctx.id, attempt: ctx.attempt });
    // The process that is to be killed never gets further.
    if (env.HANG === 'second') await new Promise(() => undefined);
    return ctx.result<{ from: number }>('first').from;
  }
  @JobStep() async third(_: { n: number }, ctx: JobContext) {
    tell('third', { id: ctx.id });
    return { firstRanIn: ctx.result<number>('second') };
  }
}

@Injectable()
class Work {
  @Job({ name: 'work.short', retry: 0 })
  async short(p: { n: number; ms: number }, ctx: JobContext) {
    tell('start', { n: p.n, attempt: ctx.attempt, at: Date.now() });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(p.ms, Number(env.LONGEST ?? p.ms)));
      if (env.OBEY !== 'no') ctx.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()));
    });
    if (!ctx.signal.aborted) tell('done', { n: p.n });
  }

  @Job({ name: 'work.once', retry: 0 })
  async once(_: unknown, ctx: JobContext) {
    ranId = ctx.id;
    tell('ran', { id: ctx.id, fence: ctx.fence });
    return 'the result';
  }

  @Job({ name: 'work.tick', ...(env.TICK ? { schedule: 'every 1s' } : {}) })
  async tick(_: unknown, ctx: JobContext) {
    tell('tick', { scheduledFor: ctx.scheduledFor?.getTime() });
  }
}

@Module({
  imports: [
    JobSchedulerModule.forRoot({
      connection: env.STORE!,
      prefix: env.PREFIX!,
      concurrency: Number(env.CONCURRENCY ?? 10),
      // Where no process is killed, none may lose a lock because the machine halted.
      lockDuration: (env.LOCK_DURATION ?? '1m') as Duration,
      shutdownTimeout: (env.SHUTDOWN_TIMEOUT ?? '200ms') as Duration,
    }),
  ],
  providers: [ThreeSteps, Work],
})
class App {}

Logger.overrideLogger(['error', 'warn']);
const app = await NestFactory.createApplicationContext(App);
app.enableShutdownHooks();
const jobs = app.get(JobService);
tell('ready', { pid: process.pid, workerId: jobs.workerId });
