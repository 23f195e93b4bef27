/** What a process does and does not do by its role. With processes of their own: test/scenario/roles.spec.ts. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { Redis } from 'ioredis';
import {
  Job,
  JobContext,
  JobSchedulerModule,
  JobService,
  type JobSchedulerOptions,
  type Role,
  ScheduleService,
} from 'nestjs-job-scheduler';
import { JobSchedulerHealthIndicator, JobSchedulerHealthModule } from 'nestjs-job-scheduler/health';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

@Job()
class Greet {
  static readonly ran: string[] = [];
  async run(name: string) {
    Greet.ran.push(name);
    return `hello ${name}`;
  }
}

@Job()
class Long {
  async run(_: void, ctx: JobContext) {
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
  }
}

@Job({ schedule: 'every 1s' })
class Tick {
  async run() {
    return 'ticked';
  }
}

const apps: INestApplicationContext[] = [];
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(options: JobSchedulerOptions) {
  @Module({
    imports: [TerminusModule, JobSchedulerHealthModule, JobSchedulerModule.forRoot(options)],
    providers: [Greet, Long, Tick],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  const health = async () => (await app.get(JobSchedulerHealthIndicator).isHealthy('jobs')).jobs as object;
  return { jobs: app.get(JobService), schedules: app.get(ScheduleService), health };
}

type Row = [role: Role | Role[], roles: string[], state: string, running: boolean, works: boolean, fires: boolean];

const rows: Row[] = [
  ['producer', ['producer'], 'none', false, false, false],
  ['worker', ['worker'], 'running', true, true, false],
  ['scheduler', ['scheduler'], 'none', true, false, true],
  [['producer', 'worker'], ['producer', 'worker'], 'running', true, true, false],
  [['worker', 'scheduler'], ['worker', 'scheduler'], 'running', true, true, true],
  ['all', ['producer', 'worker', 'scheduler'], 'running', true, true, true],
];

describe.each(rows)('role %j', (role, roles, state, running, works, fires) => {
  it('starts its parts and no others; it may enqueue, list and cancel', async () => {
    const prefix = randomPrefix();
    const { jobs, health } = await start({ prefix, role });
    expect(jobs.isRunning).toBe(running);
    expect(await health()).toMatchObject({ status: 'up', roles, worker: { state, fleet: works ? 1 : 0 } });

    const name = `in ${prefix}`;
    const handle = await jobs.enqueue(Greet, name);
    const end = works ? await handle.finished(WAIT) : await jobs.getStatus(handle.id);
    expect(end).toBe(works ? `hello ${name}` : 'pending');
    expect(await jobs.cancel(handle.id)).toBe(!works);
    expect(Greet.ran.includes(name)).toBe(works);

    expect(jobs.getJobs().map((job) => job.name)).toEqual(['Greet', 'Long', 'Tick']);
    const [entry] = await jobs.getScheduled();
    expect([entry?.job, entry?.next !== undefined]).toEqual(fires ? ['Tick', true] : [entry?.job, false]);

    await jobs.stop();
    expect(jobs.isRunning).toBe(false);
    await jobs.start();
    expect(jobs.isRunning).toBe(running);
  });
});

it('one that only enqueues has one connection to Redis, and one that listens after its first cancel of a run', async () => {
  const server = await startRedis();
  cleanUps.push(() => server.stop());
  const redis = new Redis(server.url);
  cleanUps.push(() => redis.quit());
  const connections = async () =>
    String(await redis.client('LIST'))
      .split('\n')
      .filter(Boolean).length - 1;
  const { jobs, health } = await start({ connection: server.url, prefix: randomPrefix(), role: 'producer' });
  const handle = await jobs.enqueue(Greet, 'nobody');
  await jobs.enqueueMany([{ job: Greet, payload: 'nobody' }]);
  await jobs.getQueues();
  await jobs.getScheduled();
  expect(await health()).toMatchObject({ status: 'degraded', problems: ['worker: jobs wait and nobody works'] });
  expect(await jobs.cancel(handle.id)).toBe(true);
  expect(await connections()).toBe(1);

  const prefix = randomPrefix();
  const worker = await start({ connection: server.url, prefix, role: 'worker' });
  const producer = await start({ connection: server.url, prefix, role: 'producer' });
  const before = await connections();
  const long = await producer.jobs.enqueue(Long);
  await until('it runs', async () => (await producer.jobs.getStatus(long.id)) === 'running');
  // A busy worker may answer after the two seconds that a call waits: then it is asked again.
  const isCancelled = async () => (await producer.jobs.getStatus(long.id)) === 'cancelled';
  await until('it ends', async () => (await producer.jobs.cancel(long.id)) || isCancelled());
  expect(await connections()).toBe(before + 1);
  await worker.jobs.stop();
});

it('a producer and a worker that start later meet in the store; health tells when no process works', async () => {
  const prefix = randomPrefix();
  const producer = await start({ prefix, role: 'producer' });
  const handle = await producer.jobs.enqueue(Greet, 'both');
  expect(await producer.health()).toMatchObject({
    status: 'degraded',
    problems: ['worker: jobs wait and nobody works'],
    worker: { state: 'none', fleet: 0, concurrency: 0 },
  });
  const worker = await start({ prefix, role: 'worker' });
  expect(await handle.finished(WAIT)).toBe('hello both');
  expect(await producer.health()).toMatchObject({ status: 'up', worker: { state: 'none', fleet: 1 } });
  await worker.jobs.stop();
  await until('it is seen', async () => JSON.stringify(await producer.health()).includes('"fleet":0'));
});

it('schedules can be made while the scheduler stops and starts', async () => {
  const { jobs, schedules } = await start({ prefix: randomPrefix(), shutdownTimeout: 100 });
  const over = new AbortController();
  const storm = async () => {
    while (!over.signal.aborted) {
      await jobs.stop();
      await jobs.start();
    }
  };
  const made = async () => {
    for (let n = 0; n < 250; n++) {
      const { id } = await schedules.create({ job: 'Greet', every: '1h', payload: 'Ada' });
      await schedules.update(id, { every: '2h' });
      await schedules.delete(id);
    }
  };
  const stopping = storm();
  await expect(Promise.all([made(), made(), made()])).resolves.toBeDefined();
  over.abort();
  await stopping;
});
