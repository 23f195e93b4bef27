import { expect, it } from '@jest/globals';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Job, JobContext, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { WAIT, scaled } from '../support/machine.js';

Logger.overrideLogger(false);

@Injectable()
class Stubborn {
  runs = 0;
  atOnce = 0;
  most = 0;
  reasons: unknown[] = [];
  endFirst!: () => void;

  @Job({ retry: 0 })
  async work(_: unknown, ctx: JobContext) {
    const run = ++this.runs;
    this.most = Math.max(this.most, ++this.atOnce);
    ctx.signal.addEventListener('abort', () => this.reasons.push(ctx.signal.reason));
    // The first run ignores its signal for as long as the test likes.
    if (run === 1) await new Promise<void>((resolve) => (this.endFirst = resolve));
    this.atOnce--;
    return `run ${run}`;
  }
}

it('a lock lost under a running job: never two runs of it in one process, and one outcome', async () => {
  const prefix = randomPrefix();
  @Module({
    imports: [
      JobSchedulerModule.forRoot({ connection: process.env.TEST_REDIS_URL!, prefix, lockDuration: scaled(1_000) }),
    ],
    providers: [Stubborn],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const jobs = app.get(JobService);
  const stubborn = app.get(Stubborn);
  const admin = new Redis(process.env.TEST_REDIS_URL!);
  const handle = await jobs.enqueue([Stubborn, 'work']);
  await until('it runs', () => stubborn.runs === 1);
  expect(await admin.del(`{${prefix}:default}:default:${handle.id}:lock`)).toBe(1);
  await until('the run is told', () => stubborn.reasons.length === 1);
  expect(stubborn.reasons[0]).toMatchObject({ code: 'JOB_LOCK_LOST' });
  // Its stalled check puts the job back; this process takes it, and must not start it yet.
  await until(
    'the job was put back',
    async () => Number(await admin.hget(`{${prefix}:default}:default:${handle.id}`, 'ats')) > 1,
  );
  expect(stubborn.runs).toBe(1);
  stubborn.endFirst();
  expect(await handle.finished(WAIT)).toBe('run 2');
  expect(stubborn).toMatchObject({ runs: 2, most: 1 });
  expect((await jobs.getQueue('default')).counts).toMatchObject({ completed: 1, failed: 0, active: 0 });
  await admin.quit();
  await app.close();
});
