/** One process of a fleet, with the roles that ROLE says. It does what lines on its standard input ask for. */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Duration, Job, JobContext, JobSchedulerModule, JobService, type Role } from 'nestjs-job-scheduler';
import { JobHealth } from '#src/service/job-health.js';
import { tell } from '../support/tell.js';
import { gate } from '../support/gate.js';

const env = process.env;
const deaf = gate();

@Injectable()
class Work {
  @Job({ name: 'obey', timeout: '10m' })
  async obey(_: unknown, ctx: JobContext) {
    tell('started', { id: ctx.id });
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
    const { name, reason, by } = ctx.signal.reason as { name: string; reason: string; by: string };
    tell('aborted', { id: ctx.id, at: Date.now(), name, reason, by });
  }

  /** It never looks at its signal, and ends when it is told to. */
  @Job({ name: 'deaf', timeout: '10m' })
  async deaf(_: unknown, ctx: JobContext) {
    tell('started', { id: ctx.id });
    await deaf.opened;
    tell('ended', { id: ctx.id });
    return 'a result';
  }

  @Job({ name: 'broken', retry: { max: 3, delay: '1m' } })
  async broken(_: unknown, ctx: JobContext) {
    tell('started', { id: ctx.id });
    throw new Error('broken');
  }

  @Job({ name: 'hello' })
  async hello(_: unknown, ctx: JobContext) {
    tell('ran', { id: ctx.id, trigger: ctx.trigger });
    return `hello from ${process.pid}`;
  }

  @Job({ name: 'tick', ...(env.TICK && { schedule: 'every 1s' }) })
  async tick(_: unknown, ctx: JobContext) {
    tell('ticked', { id: ctx.id });
  }
}

@Module({
  imports: [
    JobSchedulerModule.forRoot({
      connection: env.STORE!,
      prefix: env.PREFIX!,
      role: (env.ROLE ?? 'all').split(',') as Role[],
      // Where no process is killed, none may lose a lock because the machine halted.
      lockDuration: (env.LOCK_DURATION ?? '1m') as Duration,
      shutdownTimeout: '100ms',
    }),
  ],
  providers: [Work],
})
class App {}

Logger.overrideLogger(['error', 'warn']);
const app = await NestFactory.createApplicationContext(App);
app.enableShutdownHooks();
const jobs = app.get(JobService);

const deeds: Record<string, (...words: string[]) => Promise<object>> = {
  enqueue: async (job, id) => ({ id: (await jobs.enqueue(job, undefined, { ...(id && { id }) })).id }),
  delay: async (job, id) => ({ id: (await jobs.enqueueIn(job, undefined, '1h', { id: id })).id }),
  cancel: async (id, reason) => {
    const at = Date.now();
    const answer = await jobs.cancel(id, reason);
    return { id, at, answer, took: Date.now() - at };
  },
  status: async (id) => ({ id, status: await jobs.getStatus(id) }),
  report: async () => ({ ...(await app.get(JobHealth).report()), isRunning: jobs.isRunning }),
  release: async () => (deaf.open(), {}),
  scheduled: async () => ({ jobs: (await jobs.getScheduled()).map(({ job }) => job) }),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const [deed, ...words] = line.split(' ');
  deeds[deed!]!(...words).then(
    (told) => tell(`${deed} done`, told),
    (error: Error) => tell('failed', { deed, message: error.message }),
  );
});
tell('ready', { pid: process.pid, workerId: jobs.workerId, isRunning: jobs.isRunning });
