import { describe, expect, it } from '@jest/globals';
import {
  ForbiddenException,
  Injectable,
  Logger,
  Module,
  type CanActivate,
  type INestApplication,
} from '@nestjs/common';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { JobSchedulerModule, JobService, OptionsError, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import {
  JobSchedulerMetrics,
  JobSchedulerMetricsModule,
  type JobSchedulerMetricsOptions,
} from 'nestjs-job-scheduler/metrics';
import { Gauge, Registry } from 'prom-client';
import { startTcpProxy } from '../store/tcp-proxy.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { Trip, Work } from '../events/work.js';
import { lint, parseExposition, type Family } from './exposition.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplication>();

async function startApp(
  metrics: JobSchedulerMetricsOptions,
  options: JobSchedulerOptions = {},
  { fastify = false, globalPrefix = '' } = {},
) {
  @Module({
    imports: [
      JobSchedulerMetricsModule.register(metrics),
      JobSchedulerModule.forRoot({ prefix: randomPrefix(), shutdownTimeout: 100, concurrency: 5, ...options }),
    ],
    providers: [Work, Trip],
  })
  class App {}
  const compiled = await Test.createTestingModule({ imports: [App] }).compile();
  const quiet = { logger: false } as const;
  const app = fastify
    ? compiled.createNestApplication(new FastifyAdapter(), quiet)
    : compiled.createNestApplication(quiet);
  apps.push(app);
  if (globalPrefix) app.setGlobalPrefix(globalPrefix);
  await app.listen(0, '127.0.0.1');
  return { app, jobs: app.get(JobService) };
}

/** The value of one sample; undefined when there is none. */
function value(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined {
  const base = families.has(name) ? name : name.replace(/_(count|sum|bucket)$/, '');
  return families
    .get(base)
    ?.samples.find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    )?.value;
}

async function scrape(app: INestApplication, path = '/metrics') {
  const response = await fetch(`${await app.getUrl()}${path}`, { headers: { connection: 'close' } });
  const text = await response.text();
  const families = response.ok ? parseExposition(text) : new Map<string, Family>();
  return { status: response.status, type: response.headers.get('content-type'), families };
}

/** Runs jobs that end in every way, and one that goes on. */
async function runAll(jobs: JobService): Promise<void> {
  const ended = await jobs.enqueueMany([
    { job: 'good' },
    { job: 'good' },
    { job: 'flaky' },
    { job: 'bad' },
    { job: 'gives.up' },
  ]);
  await Promise.allSettled(ended.map((handle) => handle.finished()));
  const running = await jobs.enqueue('alone', undefined);
  await until('it runs', async () => (await jobs.getStatus(running.id)) === 'running');
  const skipped = await jobs.enqueue('alone', undefined);
  await expect(skipped.finished()).rejects.toMatchObject({ code: 'JOB_SKIPPED' });
  await jobs.enqueueIn('good', undefined, '1h');
}

describe.each([
  ['Express', false],
  ['Fastify', true],
])('on %s', (_name, fastify) => {
  it('a scrape tells what ran, what waits and what is busy, in the text format', async () => {
    const { app, jobs } = await startApp({ guards: [] }, {}, { fastify });
    await runAll(jobs);
    await until('all is counted', async () => value((await scrape(app)).families, 'job_scheduler_jobs_skipped_total'));
    const { families, type } = await scrape(app);
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const seen = (name: string, labels?: Record<string, string>) => value(families, `job_scheduler_${name}`, labels);

    expect(seen('up')).toBe(1);
    expect([seen('slots'), seen('busy_slots'), seen('workers')]).toEqual([5, 1, 1]);
    const states = ['pending', 'active', 'delayed', 'dead'].map((state) => seen('jobs', { queue: 'default', state }));
    expect(states).toEqual([0, 1, 1, 1]);
    expect(seen('jobs', { queue: 'critical', state: 'pending' })).toBe(0);
    expect(seen('oldest_pending_age_seconds', { queue: 'default' })).toBe(0);
    expect(seen('queue_paused', { queue: 'default' })).toBe(0);

    const of = (job_name: string) => ({ job_name, queue: 'default' });
    expect(seen('jobs_completed_total', of('good'))).toBe(2);
    expect(seen('jobs_completed_total', of('flaky'))).toBe(1);
    expect(seen('jobs_retried_total', of('flaky'))).toBe(1);
    expect(seen('jobs_processed_total', of('flaky'))).toBe(2);
    expect(seen('jobs_failed_total', of('bad'))).toBe(1);
    expect(seen('jobs_cancelled_total', of('gives.up'))).toBe(1);
    expect(seen('jobs_skipped_total', { ...of('alone'), reason: 'overlap' })).toBe(1);
    expect(seen('run_duration_seconds_count', { ...of('bad'), outcome: 'failed' })).toBe(1);
    expect(seen('run_duration_seconds_count', { ...of('good'), outcome: 'completed' })).toBe(2);
    expect(seen('run_duration_seconds_bucket', { ...of('good'), outcome: 'completed', le: '+Inf' })).toBe(2);
    // Of the first attempts only.
    expect(seen('wait_duration_seconds_count', of('flaky'))).toBe(1);
    expect(seen('wait_duration_seconds_sum', of('flaky'))).toBeGreaterThanOrEqual(0);
  });

  it('its guards are asked, below the global prefix and at its own path', async () => {
    @Injectable()
    class Never implements CanActivate {
      canActivate(): boolean {
        throw new ForbiddenException();
      }
    }
    const { app } = await startApp(
      { guards: [Never], path: '/internal/metrics' },
      {},
      { fastify, globalPrefix: 'api' },
    );
    expect((await scrape(app, '/api/internal/metrics')).status).toBe(403);
    expect((await scrape(app, '/metrics')).status).toBe(404);
  });
});

it('names and labels are as Prometheus asks for them', async () => {
  const { app, jobs } = await startApp({ guards: [], prefix: 'shop_jobs_', defaultLabels: { region: 'eu' } });
  await runAll(jobs);
  const { families } = await scrape(app);
  expect(families.size).toBeGreaterThan(12);
  expect([...families.values()].flatMap(lint)).toEqual([]);
  for (const { name, samples } of families.values()) {
    expect(name).toMatch(/^shop_jobs_/);
    for (const { labels } of samples) expect(labels.region).toBe('eu');
  }
});

it('goes into a registry that is given, without a route, and out of it when the app closes', async () => {
  const registry = new Registry();
  new Gauge({ name: 'own', help: 'The own one of the app', registers: [registry] }).set(7);
  const { app, jobs } = await startApp({ controller: false, registry });
  await (await jobs.enqueue('good', undefined)).finished();
  expect(app.get(JobSchedulerMetrics).registry).toBe(registry);
  await until('it is counted', async () =>
    value(parseExposition(await registry.metrics()), 'job_scheduler_jobs_completed_total'),
  );
  expect((await scrape(app)).status).toBe(404);
  await app.close();
  expect([...parseExposition(await registry.metrics()).keys()]).toEqual(['own']);
});

it('names of jobs that only the store knows are not labels', async () => {
  const { app } = await startApp({ guards: [] });
  const queue = app.get<Queue>(getQueueToken('default'), { strict: false });
  const timestamp = Date.now() - 11 * 60_000;
  for (const job of ['gone-1', 'gone-2']) await queue.add(job, {}, { timestamp });
  const failed = async () =>
    value((await scrape(app)).families, 'job_scheduler_jobs_failed_total', { job_name: 'unknown' });
  await until('both are counted', async () => (await failed()) === 2);
  const { families } = await scrape(app);
  expect(families.get('job_scheduler_jobs_failed_total')!.samples).toHaveLength(1);
});

it('a store that is away does not fail the scrape: what is known is told', async () => {
  const redis = new URL(process.env.TEST_REDIS_URL!);
  const proxy = await startTcpProxy(Number(redis.port));
  try {
    const { app, jobs } = await startApp({ guards: [] }, { connection: `redis://127.0.0.1:${proxy.port}` });
    await (await jobs.enqueue('good', undefined)).finished();
    await until('it is counted', async () => value((await scrape(app)).families, 'job_scheduler_jobs_completed_total'));
    await proxy.cut();
    const away = await until('it is noticed', async () => {
      const { families } = await scrape(app);
      return value(families, 'job_scheduler_up') === 0 && families;
    });
    expect(value(away, 'job_scheduler_jobs_completed_total', { job_name: 'good' })).toBe(1);
    expect(value(away, 'job_scheduler_slots')).toBe(5);
    expect(away.get('job_scheduler_jobs')!.samples).toEqual([]);
    expect(away.get('job_scheduler_workers')!.samples).toEqual([]);
    await proxy.restore();
    await until('it is back', async () => value((await scrape(app)).families, 'job_scheduler_up') === 1);
  } finally {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await proxy.close();
  }
});

describe('wrong options stop the boot', () => {
  const boot = async (options: unknown) => {
    try {
      await startApp(options as JobSchedulerMetricsOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(OptionsError);
      return (error as OptionsError).faults.map(({ at, problem }) => `${at}: ${problem}`);
    }
    throw new Error('It has started');
  };

  it('without guards, with the reason', async () => {
    expect(await boot({})).toEqual([
      'guards: There are none. The metrics name the jobs and queues of the app, and each scrape asks the store, so it must be said who may read them: ' +
        'register({ guards: [ScrapeGuard] }), register({ guards: [] }) to leave them open to everyone who reaches the app, or register({ controller: false }) to serve them yourself.',
    ]);
    expect(await boot(undefined)).toHaveLength(1);
  });

  it('all faults together', async () => {
    const wrong = {
      guards: [{}],
      path: 'a b',
      prefix: '9x',
      defaultLabels: { __x: 1 },
      registry: {},
      controller: 'no',
      gaurds: [],
    };
    expect((await boot(wrong)).map((fault) => fault.split(':')[0])).toEqual([
      'gaurds',
      'registry',
      'prefix',
      'defaultLabels',
      'defaultLabels',
      'defaultLabels',
      'controller',
      'path',
      'guards',
    ]);
  });
});
