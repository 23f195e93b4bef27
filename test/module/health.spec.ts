import { afterEach, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { Job, JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { JobSchedulerHealthIndicator, JobSchedulerHealthModule } from 'nestjs-job-scheduler/health';
import { SchedulerRuntime } from '#src/service/runtime/scheduler-runtime.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

@Job({ retry: 0 })
class Note {
  async run(fail: boolean) {
    if (fail) throw new Error('asked to');
  }
}

let app: INestApplicationContext | undefined;
afterEach(() => app?.close());

async function start(options: JobSchedulerOptions) {
  @Module({
    imports: [
      TerminusModule,
      JobSchedulerHealthModule,
      JobSchedulerModule.forRoot({ connection: 'memory:', prefix: randomPrefix(), ...options }),
    ],
    providers: [Note],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger: false });
  return { jobs: app.get(JobService), health: app.get(JobSchedulerHealthIndicator) };
}

it('is up, with the store, the workers and counts per queue', async () => {
  const { jobs, health } = await start({ queues: { default: 2, low: 1 } });
  await (await jobs.enqueue(Note, false)).finished(WAIT);
  await (await jobs.enqueue(Note, true)).finished(WAIT).catch(() => undefined);
  const result = await until('both are counted', async () => {
    const { jobs: report } = await health.isHealthy('jobs');
    return (report as unknown as { queues: { default: { failed: number } } }).queues.default.failed === 1 && report;
  });
  expect(result).toMatchObject({
    status: 'up',
    store: { latencyMs: expect.any(Number) },
    worker: { state: 'running', busy: 0, concurrency: 10, fleet: 1 },
    queues: {
      default: { pending: 0, active: 0, delayed: 0, completed: 1, failed: 1, paused: false },
      low: { pending: 0, completed: 0, failed: 0 },
    },
  });
});

it('is degraded when a threshold is passed, or jobs wait and no process works; down when they wait too long', async () => {
  const { jobs, health } = await start({ autoStart: false });
  expect(await health.isHealthy('jobs')).toMatchObject({ jobs: { status: 'up', worker: { state: 'stopped' } } });
  await jobs.enqueueMany([1, 2, 3].map(() => ({ job: Note, payload: false })));
  const idle = await health.isHealthy('jobs', { pending: 2 });
  expect(idle.jobs).toMatchObject({
    status: 'degraded',
    problems: ['worker: jobs wait and nobody works', 'queue default: 3 waiting, more than 2'],
  });
  await until('they have waited for a moment', async () => ((await jobs.getQueue('default')).oldestWaitingMs ?? 0) > 5);
  expect(await health.isHealthy('jobs', { oldestWaiting: 1 })).toMatchObject({ jobs: { status: 'degraded' } });
  expect(await health.isHealthy('jobs', { oldestWaitingDown: 1 })).toMatchObject({ jobs: { status: 'down' } });
  await jobs.pauseQueue('default');
  const paused = await health.isHealthy('jobs', { oldestWaitingDown: 1, paused: 1 });
  expect(paused.jobs).toMatchObject({
    status: 'degraded',
    problems: [expect.any(String), expect.stringMatching(/^queue default: it is paused, and the oldest job waits for/)],
  });
});

it('is degraded when a schedule had to be repaired', async () => {
  const { health } = await start({ connection: 'memory:' });
  const { repairs } = app!.get(SchedulerRuntime, { strict: false });
  const signals = app!.get(StoreHolder, { strict: false }).require('report').signals;
  repairs.report({ scheduleId: 'code:x', job: 'x', trouble: 'has lost its next run', at: Date.now() }, signals);
  await until('it is heard of', () => repairs.recent().length > 0);
  expect(await health.isHealthy('jobs')).toMatchObject({
    jobs: { status: 'degraded', problems: ['schedule code:x: has lost its next run; repaired'] },
  });
});

it("is degraded while the process's clock differs from the store's", async () => {
  const { health } = await start({ connection: process.env.TEST_REDIS_URL!, role: 'producer' });
  expect(await health.isHealthy('jobs')).toMatchObject({ jobs: { status: 'up' } });
  const { now } = Date;
  Date.now = () => now() + 3_600_000;
  try {
    expect(await health.isHealthy('jobs', { latency: '1m' })).toMatchObject({
      jobs: {
        status: 'degraded',
        problems: [expect.stringMatching(/^clock: (3600|3599)\d{3} ms ahead of the store's$/)],
      },
    });
  } finally {
    Date.now = now;
  }
  expect(await health.isHealthy('jobs', { latency: '1m' })).toMatchObject({ jobs: { status: 'up' } });
});

it('is down, with the error, when the store does not answer', async () => {
  const redis = await startRedis();
  const { health } = await start({ connection: redis.url });
  await redis.stop();
  expect(await health.isHealthy('jobs')).toMatchObject({
    jobs: { status: 'down', store: { error: expect.any(String) } },
  });
});
