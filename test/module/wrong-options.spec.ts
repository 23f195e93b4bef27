/** Every option of a call is refused with its code where it means nothing, and never taken for another, or for none. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DeadLetters,
  JobHistory,
  JobSchedulerError,
  JobSchedulerModule,
  JobService,
  LockService,
  ScheduleService,
  TaskPool,
  nextOccurrences,
} from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';

Logger.overrideLogger(false);

const VALUES: Readonly<Record<string, unknown>> = {
  null: null,
  '0': 0,
  '1': 1,
  '-1': -1,
  '1.5': 1.5,
  NaN: Number.NaN,
  '""': '',
  '"text"': 'text',
  '[]': [],
  '{}': {},
  '{ nope: 1 }': { nope: 1 },
  function: () => 1,
  true: true,
  BigInt: 1n,
  symbol: Symbol('s'),
  Date: new Date(0),
};

let app: INestApplicationContext;
let jobs: JobService;
let locks: LockService;
let schedules: ScheduleService;
let history: JobHistory;
let dead: DeadLetters;
let made = 0;
const pool = new TaskPool({ concurrency: 1 });

beforeAll(async () => {
  const connection = 'memory:';
  const queues = { default: { weight: 1, maxWaiting: 100_000 } };
  @Module({
    imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), queues, autoStart: false })],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  jobs = app.get(JobService);
  locks = app.get(LockService);
  schedules = app.get(ScheduleService);
  history = app.get(JobHistory);
  dead = app.get(DeadLetters);
  jobs.register({ name: 'work' }, async () => 1);
  await schedules.create({ id: 'made', job: 'work', cron: '0 0 * * *' });
});
afterAll(() => app?.close());

/** A value in an option's place. `never` fits everywhere: callers without types give what they like. */
type Call = (value: never) => unknown;
/** @param taken the values that mean something there. @param says part of each message; default: the option. */
type Row = readonly [option: string, taken: string, call: Call, says?: string];

const fresh = () => `fresh-${++made}`;
const enqueue = (options: object) => jobs.enqueue('work', 1, options);
const finished = async (options: never) => (await jobs.enqueueIn('work', 1, '1h')).finished(options);
const create = (fields: object) => schedules.create({ id: fresh(), job: 'work', cron: '0 0 * * *', ...fields });
const update = (fields: object) => schedules.update('made', fields);
const acquire = async () => (await locks.acquire(fresh(), '1m'))!;

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  ENQUEUE_INVALID: [
    ['options of enqueue', '{}', (v) => jobs.enqueue('work', 1, v), 'options'],
    ['options of enqueueAt', '{}', (v) => jobs.enqueueAt('work', 1, new Date(), v), 'options'],
    ['options of enqueueIn', '{}', (v) => jobs.enqueueIn('work', 1, 1, v), 'options'],
    ['entries', '[]', (v) => jobs.enqueueMany(v)],
    ['entries[1]', '{}', (v) => jobs.enqueueMany([{ job: 'work' }, v] as never)],
    ['entries[0].payloads', '', (v) => jobs.enqueueMany([{ job: 'work', payloads: v }] as never), 'payload'],
    ['options of entries', '{}', (v) => jobs.enqueueMany([{ job: 'work', options: v }]), 'options'],
    ['at', 'Date', (v) => jobs.enqueueAt('work', 1, v)],
    ['delay', '0 1', (v) => jobs.enqueueIn('work', 1, v)],
    ['id', '"text"', (v) => enqueue({ id: v })],
    ['queue', '"" "text"', (v) => enqueue({ queue: v })],
    ['priority', '0 1 -1', (v) => enqueue({ priority: v })],
    ['retry', '0 1 {}', (v) => enqueue({ retry: v })],
    ['retry.max', '0 1', (v) => enqueue({ retry: { max: v } })],
    ['retry.backoff', '', (v) => enqueue({ retry: { backoff: v } })],
    ['retry.delay', '0 1', (v) => enqueue({ retry: { delay: v } })],
    ['retry.maxDelay', '0 1', (v) => enqueue({ retry: { maxDelay: v } })],
    ['retry.jitter', '0 1', (v) => enqueue({ retry: { jitter: v } })],
    ['retry.wait', '', (v) => enqueue({ retry: { wait: v } }), 'wait'],
    ['timeout', '1', (v) => enqueue({ timeout: v })],
    ['retention', '{}', (v) => enqueue({ retention: v })],
    ['retention.count', '0 1', (v) => enqueue({ retention: { count: v } })],
    ['retention.age', '0 1', (v) => enqueue({ retention: { age: v } })],
    ['retention.failed', '0 1', (v) => enqueue({ retention: { failed: v } })],
    ['retention.max', '', (v) => enqueue({ retention: { max: v } }), 'max'],
    ['metadata', '{}', (v) => enqueue({ metadata: v })],
    ['metadata.by', '"" "text"', (v) => enqueue({ metadata: { by: v } }), 'metadata'],
    ['whenFull', '', (v) => enqueue({ whenFull: v })],
    ['signal', '', (v) => enqueue({ signal: v })],
    ['delays', '', (v) => enqueue({ delays: v })],
  ],
  JOB_UNKNOWN: [
    ['job of enqueue', '', (v) => jobs.enqueue(v), 'job'],
    ['job of enqueueMany', '', (v) => jobs.enqueueMany([{ job: v }] as never), 'job'],
    ['job of trigger', '', (v) => jobs.trigger(v), 'job'],
    ['job of find', '', (v) => history.find({ job: v }), 'job'],
    ['job of getStats', '', (v) => history.getStats(v), 'job'],
    ['job of a list of schedules', '"" "text"', (v) => schedules.list({ job: v }), 'job'],
    ['job of dead letters', '"" "text"', (v) => dead.list({ job: v }), 'job'],
  ],
  QUEUE_UNKNOWN: [
    ['queue to look at', '', (v) => jobs.getQueue(v), 'Queue'],
    ['queue to pause', '', (v) => jobs.pauseQueue(v), 'Queue'],
    ['queue of dead letters', '', (v) => dead.count({ queue: v }), 'Queue'],
  ],
  WAIT_INVALID: [
    ['options', '{}', finished],
    ['timeout', '0 1', (v) => finished({ timeout: v } as never)],
    ['timeouts', '', (v) => finished({ timeouts: v } as never)],
  ],
  SCHEDULE_INVALID: [
    ['input of create', '', (v) => schedules.create(v), 'fault'],
    ['input of update', '{}', (v) => schedules.update('made', v), 'fault'],
    ['id', '"text"', (v) => create({ id: v })],
    ['job', '', (v) => create({ job: v })],
    ['cron', '', (v) => create({ cron: v })],
    ['every', '', (v) => create({ cron: undefined, every: v })],
    ['schedule', '', (v) => create({ cron: undefined, schedule: v })],
    ['timezone', '', (v) => create({ timezone: v })],
    ['payload', 'null 0 1 -1 1.5 "" "text" [] {} { nope: 1 } true Date', (v) => create({ payload: v })],
    ['enabled', 'true', (v) => create({ enabled: v })],
    ['start', 'Date', (v) => create({ start: v })],
    ['end', '', (v) => create({ end: v })],
    ['misfire', '', (v) => create({ misfire: v })],
    ['misfireThreshold', '0 1', (v) => create({ misfireThreshold: v })],
    ['maxCatchUp', '1', (v) => create({ maxCatchUp: v })],
    ['overlap', '', (v) => create({ overlap: v })],
    ['description', '"" "text"', (v) => create({ description: v })],
    ['name', '"text"', (v) => create({ name: v })],
    ['group', '"text"', (v) => create({ group: v })],
    ['metadata', '{}', (v) => create({ metadata: v })],
    ['crom', '', (v) => create({ crom: v })],
    ['job of update', '', (v) => update({ job: v }), 'job'],
    ['timezone of update', 'null', (v) => update({ timezone: v }), 'timezone'],
    ['start of update', 'null Date', (v) => update({ start: v }), 'start'],
    ['overlap of update', 'null', (v) => update({ overlap: v }), 'overlap'],
    ['metadata of update', 'null {}', (v) => update({ metadata: v }), 'metadata'],
    ['expectedVersion', '1', (v) => update({ expectedVersion: v })],
    ['condition of enable', '{}', (v) => schedules.enable('made', v), 'fault'],
    ['expectedVersion of disable', '1', (v) => schedules.disable('made', { expectedVersion: v }), 'expectedVersion'],
    ['version of delete', '', (v) => schedules.delete('made', { version: v } as never), 'version'],
    ['filter', '{}', (v) => schedules.list(v)],
    ['source', '', (v) => schedules.list({ source: v })],
    ['enabled of the filter', 'true', (v) => schedules.list({ enabled: v }), 'enabled'],
    ['options of nextOccurrences', '{}', (v) => nextOccurrences('@daily', v), 'options'],
    ['timezone of nextOccurrences', '', (v) => nextOccurrences('@daily', { timezone: v }), 'time zone'],
    ['after', 'Date', (v) => nextOccurrences('@daily', { after: v })],
    ['count', '1', (v) => nextOccurrences('@daily', { count: v })],
    ['counts', '', (v) => nextOccurrences('@daily', { counts: v } as never)],
    ['group of the filter', '', (v) => schedules.list({ group: v } as never), 'group'],
  ],
  LOCK_INVALID: [
    ['key', '"text"', (v) => locks.acquire(v, '1m')],
    ['ttl', '', (v) => locks.acquire(fresh(), v)],
    ['ttl of extend', '', async (v) => (await acquire()).extend(v), 'ttl'],
    ['options', '{}', (v) => locks.acquireWait(fresh(), '1m', v)],
    ['timeout', '0 1', (v) => locks.acquireWait(fresh(), '1m', { timeout: v })],
    ['signal', '', (v) => locks.acquireWait(fresh(), '1m', { signal: v })],
    ['waits', '', (v) => locks.acquireWait(fresh(), '1m', { waits: v } as never)],
    ['work', 'function', (v) => locks.withLock(fresh(), '1m', v)],
    ['options of withLock', '{}', (v) => locks.withLock(fresh(), '1m', () => 1, v), 'options'],
  ],
  TASK_POOL_INVALID: [
    ['options', '', (v) => new TaskPool(v), 'options|concurrency'],
    ['concurrency', '1', (v) => new TaskPool({ concurrency: v })],
    ['size', '', (v) => new TaskPool({ concurrency: 1, size: v } as never)],
    ['task', 'function', (v) => pool.run(v)],
    ['options of run', '{}', (v) => pool.run(() => 1, v), 'options'],
    ['options of tryRun', '{}', (v) => pool.tryRun(() => 1, v), 'options'],
    ['timeout', '1', (v) => pool.run(() => 1, { timeout: v })],
    ['signal', '', (v) => pool.run(() => 1, { signal: v })],
    ['timeouts', '', (v) => pool.run(() => 1, { timeouts: v } as never)],
    ['timeout of onIdle', '1', (v) => pool.onIdle({ timeout: v }), 'timeout'],
    ['options of onIdle', '{}', (v) => pool.onIdle(v), 'options'],
  ],
  HISTORY_QUERY_INVALID: [
    ['query', '{}', (v) => history.find(v)],
    ['query of getExecutions', '{}', (v) => history.getExecutions('work', v), 'query'],
    ['limit', '1', (v) => history.find({ limit: v })],
    ['before', 'Date', (v) => history.find({ before: v })],
    ['status', '', (v) => history.find({ status: v })],
    ['scheduleId', '"" "text"', (v) => history.find({ scheduleId: v })],
    ['state', '', (v) => history.find({ state: v } as never)],
    ['query of getLogs', '{}', (v) => history.getLogs('x', v), 'query'],
    ['after', '0 1', (v) => history.getLogs('x', { after: v })],
    ['limit of getLogs', '1', (v) => history.getLogs('x', { limit: v }), 'limit'],
    ['query of dead letters', '{}', (v) => dead.list(v), 'query'],
    ['limit of dead letters', '1', (v) => dead.list({ limit: v }), 'limit'],
    ['before of dead letters', 'Date', (v) => dead.list({ before: v }), 'before'],
    ['olderThan', '0 1', (v) => dead.list({ olderThan: v })],
    ['filter of a count', '{}', (v) => dead.count(v), 'query'],
    ['filter of a retry', '"" "text" {}', (v) => dead.retry(v), 'query'],
    ['filter of a discard', '"" "text" {}', (v) => dead.discard(v), 'query'],
    ['jobs to discard', '', (v) => dead.discard({ jobs: v } as never), 'jobs'],
  ],
};

/** Names may hold spaces. */
const isIn = (taken: string, name: string) => ` ${taken} `.includes(` ${name} `);

async function attempt(call: Call, value: unknown): Promise<unknown> {
  try {
    await call(value as never);
    return 'it was taken';
  } catch (error) {
    return error;
  }
}

describe.each(Object.entries(TABLES))('%s', (code, rows) => {
  it.each(rows)('%s takes: %s', async (option, taken, call, says = option) => {
    for (const [name, value] of Object.entries(VALUES)) {
      if (isIn(taken, name)) continue;
      const error = await attempt(call, value);
      expect({ name, error }).toEqual({ name, error: expect.any(JobSchedulerError) });
      const said = new RegExp(`${says}|There is no option "nope"|is no place`.replaceAll(/[[\].]/g, '\\$&'));
      expect({ name, error }).toMatchObject({ error: { code, message: expect.stringMatching(said) } });
    }
  });
});
