/**
 * Passwords of the store, of other services in errors of jobs, and of the caller stand in no answer, no log line, no health
 * answer and no metric: while the store is there, while it refuses, and when it is gone.
 */
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Redis } from 'ioredis';
import { Client, Pool } from 'pg';
import { JobHistory, optionsFromEnv, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { JobSchedulerHealthIndicator, JobSchedulerHealthModule } from 'nestjs-job-scheduler/health';
import { JobSchedulerMetricsModule } from 'nestjs-job-scheduler/metrics';
import { startPostgres, startRedis, type TestServer } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { Api, platforms, type Platform } from './app.js';
import { hostilePaths } from './hostile-values.js';
import { RawClient } from './raw-client.js';

/** Of the store. */
const SECRET = 'pl4nted-s3cret';
/** In errors of jobs, and in headers. */
const OTHER = 'pl4nted-0ther';

const LOOKS = ['jobs', 'queues', 'executions', 'executions/failed-1', 'executions/failed-1/logs', 'dead-letters', 'stats', 'targets', '/metrics']; // prettier-ignore

/** What was seen of an app with a store of its own. */
interface Observed {
  readonly form: string;
  /** Answers to requests and to probes. */
  readonly outside: unknown[];
  /** What calls in code gave or threw. */
  readonly inside: unknown[];
}

const logged: unknown[] = [];
/** Of each form, what it has opened. */
const closers: (() => unknown)[][] = [];
const logger = new ConsoleLogger();

beforeAll(() => {
  for (const level of ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const)
    logger[level] = (...args: unknown[]) => void logged.push(args);
});
afterAll(() => Logger.overrideLogger(false));
// At once: each app waits a while for its store, which is gone.
afterEach(async () => {
  const ends = closers.splice(0).map(async (ofForm) => {
    for (const close of ofForm.toReversed()) await close();
  });
  await Promise.all(ends);
  logged.splice(0);
});

/** All that a debugger, a crash report or a log in JSON would show. */
function allOf(value: unknown): string {
  const shown = inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null });
  return `${shown}\n${JSON.stringify(value)}\n${value instanceof Error ? `${value.stack} ${String(value.cause)}` : ''}`;
}

interface Form {
  readonly form: string;
  readonly start: () => Promise<TestServer | undefined>;
  readonly connect: (port: number, closing: (() => unknown)[]) => JobSchedulerOptions['connection'];
  /** The password is another one from now on, and connections are cut. */
  readonly refuse: (port: number) => Promise<void>;
}

const redis = {
  start: () => startRedis({ args: ['--requirepass', SECRET] }),
  async refuse(port: number) {
    const admin = new Redis({ host: '127.0.0.1', port, password: SECRET });
    await admin.config('SET', 'requirepass', 'another');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    admin.disconnect();
  },
};
const postgres = {
  start: () => startPostgres({ password: SECRET }),
  async refuse(port: number) {
    const admin = new Client({ host: '127.0.0.1', port, user: 'postgres', password: SECRET, database: 'postgres' });
    await admin.connect();
    await admin.query(`ALTER ROLE postgres PASSWORD 'another'`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    await admin.end();
  },
};

const forms: Form[] = [
  { form: 'a Redis URL', ...redis, connect: (port) => `redis://default:${SECRET}@127.0.0.1:${port}/0` },
  {
    form: 'the environment',
    ...redis,
    connect: (port) =>
      optionsFromEnv({ REDIS_HOST: '127.0.0.1', REDIS_PORT: `${port}`, REDIS_PASSWORD: SECRET }).connection!,
  },
  {
    form: 'a Redis client',
    ...redis,
    connect(port, closing) {
      const client = new Redis({ host: '127.0.0.1', port, password: SECRET, lazyConnect: true });
      closing.push(() => client.disconnect());
      return client.on('error', () => undefined);
    },
  },
  {
    form: 'a PostgreSQL URL',
    ...postgres,
    connect: (port) => `postgres://postgres:${SECRET}@127.0.0.1:${port}/postgres`,
  },
  {
    form: 'a pool',
    ...postgres,
    connect(port, closing) {
      const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password: SECRET });
      closing.push(() => pool.end());
      return pool.on('error', () => undefined);
    },
  },
];

async function observe({ form, start, connect, refuse }: Form, platform: Platform): Promise<Observed> {
  const observed: Observed = { form, outside: [], inside: [] };
  const { outside, inside } = observed;
  const closing: (() => unknown)[] = [];
  closers.push(closing);
  const server = await start();
  if (!server) return observed;
  closing.push(() => server.stop());
  const api = await Api.start({
    platform,
    logger,
    scheduler: { connection: connect(server.port, closing)!, shutdownTimeout: '1s' },
    imports: [TerminusModule, JobSchedulerHealthModule, JobSchedulerMetricsModule.register({ guards: [] })],
  });
  closing.push(() => api.close());
  const client = new RawClient(api.url);
  closing.push(() => client.close());

  // A connection that is kept may be closed by the server just when the next request takes it.
  const headers = {
    connection: 'close',
    authorization: `Bearer ${OTHER}`,
    cookie: `a=${OTHER}`,
    'x-request-id': OTHER,
  };
  const ask = async (method: string, path: string) => {
    const answer = await client.call(method, path, undefined, headers);
    outside.push([method, path, answer]);
    return answer.status;
  };
  const look = async (): Promise<number[]> => {
    const statuses = await Promise.all(LOOKS.map((path) => ask('GET', path)));
    outside.push(await api.app.get(JobSchedulerHealthIndicator).isHealthy('jobs'));
    for (const work of [() => api.jobs.enqueue('my.job', null), () => api.app.get(JobHistory).find({})])
      inside.push(await work().catch((thrown: unknown) => thrown));
    return statuses;
  };

  api.jobs.register({ name: 'leaky', retry: { max: 1, delay: 1 } }, () => {
    const cause = new Error(`FATAL: amqp://guest:${OTHER}@broker/ is away, PGPASSWORD=${OTHER}`);
    throw new Error(`cannot reach postgres://me:${OTHER}@db/x and https://me:${OTHER}@proxy/`, { cause });
  });
  const events = await fetch(`${api.url}/v1/monitor/events/stream`);
  const stream = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  const failing = await api.jobs.enqueue('leaky', null, { id: 'failed-1' });
  inside.push(await failing.finished().catch((thrown: unknown) => thrown));
  let told = '';
  while (!told.includes('event: failed')) told += (await stream.read()).value!;
  await stream.cancel();
  outside.push(told);

  expect(await look()).toEqual(LOOKS.map(() => 200));
  for (const text of ['a\0b', "'; DROP TABLE job; --", 'leaky', 'failed-1'])
    await Promise.all(hostilePaths(encodeURIComponent(text)).map(([method, path]) => ask(method, path)));
  await refuse(server.port);
  await until('the store refuses', async () => (await ask('GET', 'queues')) === 503);
  expect(await look()).toContain(503);
  await server.stop();
  await until('the store is gone', async () => (await ask('GET', 'queues')) === 503);
  expect(await look()).toContain(503);
  expect(outside.length).toBeGreaterThan(100);
  return observed;
}

it('passwords of the store, of other services and of callers are told nowhere, in every form in which they can be given', async () => {
  const ends = await Promise.allSettled(forms.map((form, n) => observe(form, platforms[n % platforms.length]!)));
  const all = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  expect(logged.length).toBeGreaterThan(0);
  const leaks = all.flatMap(({ form, outside, inside }) => [
    ...[...outside, ...logged].map((value) => [form, allOf(value), [SECRET, OTHER]] as const),
    // What a job has thrown is the app's own: code gets it as it is.
    ...inside.map((value) => [form, allOf(value), [SECRET]] as const),
  ]);
  const found = leaks.filter(([, text, secrets]) => secrets.some((secret) => text.includes(secret)));
  expect(found.map(([form, text]) => `${form}: ${text.slice(0, 2_000)}`)).toEqual([]);
});
