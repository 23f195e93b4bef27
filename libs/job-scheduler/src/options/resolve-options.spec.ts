import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { z } from 'zod';
import type { OptionsError } from '../errors/definition-errors.js';
import type { Fault } from '../errors/fault.js';
import { DEFAULT_QUEUES } from './defaults.js';
import type { JobSchedulerOptions } from './job-scheduler-options.js';
import { resolveOptions } from './resolve-options.js';

/** Options as JavaScript or a configuration file may write them. */
function faultsOf(options: unknown): readonly Fault[] {
  try {
    resolveOptions(options as JobSchedulerOptions);
  } catch (error) {
    return (error as OptionsError).faults;
  }
  return [];
}

const client = {
  connect: async () => undefined,
  disconnect: () => undefined,
  duplicate: () => undefined,
  status: 'ready',
};

describe('resolveOptions', () => {
  it('fills in every default', () => {
    const resolved = resolveOptions({});
    expect(resolved).toEqual({
      connection: 'memory:',
      prefix: 'jobs',
      queues: new Map([
        ['critical', { name: 'critical', weight: 6, max: 10 }],
        ['default', { name: 'default', weight: 3, max: 10 }],
        ['low', { name: 'low', weight: 1, max: 10 }],
      ]),
      queueOrder: 'weighted',
      concurrency: 10,
      roles: new Set(['producer', 'worker', 'scheduler']),
      jobs: {},
      defaults: {
        queue: 'default',
        retry: { max: 3, backoff: 'exponential', delay: 1000, maxDelay: 3_600_000, jitter: 0 },
        timeout: 300_000,
        timezone: 'UTC',
        misfire: 'skip',
        misfireThreshold: 60_000,
        maxCatchUp: 100,
        overlap: 'allow',
        retention: { count: 100, age: 7 * 86_400_000, failed: 30 * 86_400_000 },
      },
      history: true,
      maxPayload: 1_048_576,
      shutdownTimeout: 30_000,
      lockDuration: 30_000,
      autoStart: true,
      workerName: undefined,
      logStacks: true,
      globalEnhancers: false,
      telemetry: undefined,
    });
    expect(Object.keys(DEFAULT_QUEUES)).toEqual([...resolved.queues.keys()]);
  });

  it('takes what is set', () => {
    const telemetry = { tracer: {}, contextManager: {} } as unknown as NonNullable<JobSchedulerOptions['telemetry']>;
    const resolved = resolveOptions({
      connection: 'redis://localhost:6379/2',
      prefix: 'News-Room_2',
      queues: {
        fast: 0.7,
        slow: { weight: 0.3, max: 2, maxWaiting: 50, whenFull: 'wait' },
        bounded: { weight: 1, maxWaiting: 1 },
      },
      queueOrder: 'strict',
      concurrency: 4,
      role: ['producer', 'worker'],
      defaults: {
        queue: 'slow',
        retry: { max: 5, backoff: 'fixed' },
        timeout: '1m',
        timezone: 'europe/berlin',
        overlap: 'skip',
        retention: { age: '1d' },
      },
      history: false,
      maxPayload: 10,
      shutdownTimeout: 0,
      lockDuration: '1s',
      autoStart: false,
      workerName: 'worker-1',
      telemetry,
    });
    expect(resolved).toMatchObject({
      connection: 'redis://localhost:6379/2',
      prefix: 'News-Room_2',
      queueOrder: 'strict',
      concurrency: 4,
      history: false,
      maxPayload: 10,
      shutdownTimeout: 0,
      lockDuration: 1000,
      autoStart: false,
      workerName: 'worker-1',
    });
    expect([...resolved.queues.values()]).toEqual([
      { name: 'fast', weight: 0.7, max: 4 },
      { name: 'slow', weight: 0.3, max: 2, maxWaiting: 50, whenFull: 'wait' },
      { name: 'bounded', weight: 1, max: 4, maxWaiting: 1, whenFull: 'reject' },
    ]);
    expect([...resolved.roles]).toEqual(['producer', 'worker']);
    expect(resolved.telemetry).toBe(telemetry);
    expect(resolved.defaults).toMatchObject({
      queue: 'slow',
      retry: { max: 5, backoff: 'fixed', delay: 1000 },
      timeout: 60_000,
      timezone: 'Europe/Berlin',
      overlap: 'skip',
      retention: { count: 100, age: 86_400_000, failed: 30 * 86_400_000 },
    });
  });

  it.each<[unknown, string[]]>([
    ['all', ['producer', 'worker', 'scheduler']],
    ['worker', ['worker']],
    [['scheduler'], ['scheduler']],
    [['worker', 'worker'], ['worker']],
    [
      ['producer', 'all'],
      ['producer', 'worker', 'scheduler'],
    ],
  ])('takes the role %p for %p', (role, parts) => {
    expect([...resolveOptions({ role } as JobSchedulerOptions).roles]).toEqual(parts);
  });

  it('takes a class instance, and undefined for what is not set', () => {
    class Config {
      readonly concurrency = 3;
      readonly prefix = undefined;
      readonly queues = undefined;
    }
    expect(resolveOptions(new Config())).toMatchObject({ concurrency: 3, prefix: 'jobs' });
  });

  it.each<[string, unknown, string, string]>([
    ['options', null, 'forRoot', 'null is not an object of options.'],
    ['options', undefined, 'forRoot', 'undefined is not an object of options. A factory must return them.'],
    ['a connection', { connection: undefined }, 'connection', 'It is undefined: a variable that is not set?'],
    ['options', 'redis://localhost', 'forRoot', '"redis://localhost" is not an object of options.'],
    [
      'a name',
      { conection: 'memory:' },
      'conection',
      'There is no such option. Did you mean "connection"? Known: connection, prefix,',
    ],
    ['a name', { redis: {} }, 'redis', 'There is no such option.'],
    ['prefix', { prefix: '' }, 'prefix', '"" is not allowed. Allowed: a letter or "_", then up to 39'],
    ['prefix', { prefix: '1a' }, 'prefix', '"1a" is not allowed.'],
    ['prefix', { prefix: 'a:b' }, 'prefix', '"a:b" is not allowed.'],
    ['prefix', { prefix: 'ä' }, 'prefix', '"ä" is not allowed.'],
    ['prefix', { prefix: 'a'.repeat(41) }, 'prefix', 'is not allowed.'],
    ['prefix', { prefix: 'a\n' }, 'prefix', 'is not allowed.'],
    [
      'queues',
      { queues: {} },
      'queues',
      '{} names no queue. Allowed: weights by name, such as { critical: 6, default: 3 }.',
    ],
    ['queues', { queues: ['default'] }, 'queues', 'names no queue.'],
    ['queues', { queues: null }, 'queues', 'null names no queue.'],
    ['a queue', { queues: { 'a:b': 1 } }, 'queues.a:b', '"a:b" is no name of a queue. Allowed: a letter or digit,'],
    ['a queue', { queues: { _ticks: 1 } }, 'queues._ticks', '"_ticks" is no name of a queue.'],
    ['a queue', { queues: { '': 1 } }, 'queues.', '"" is no name of a queue.'],
    ['a queue', { queues: { [`q${'x'.repeat(64)}`]: 1 } }, `queues.q${'x'.repeat(64)}`, 'is no name of a queue.'],
    ['a weight', { queues: { a: 0 } }, 'queues.a', '0 is no weight. Allowed: a number above 0.'],
    ['a weight', { queues: { a: -1 } }, 'queues.a', '-1 is no weight.'],
    ['a weight', { queues: { a: Number.NaN } }, 'queues.a', 'NaN is no weight.'],
    ['a weight', { queues: { a: Infinity } }, 'queues.a', 'Infinity is no weight.'],
    [
      'a weight',
      { queues: { a: '3' } },
      'queues.a',
      '"3" is no weight. Allowed: a number above 0, or an object with weight, max,',
    ],
    ['a weight', { queues: { a: {} } }, 'queues.a.weight', 'undefined is no weight.'],
    [
      'a queue',
      { queues: { a: { weight: 1, wieght: 2 } } },
      'queues.a.wieght',
      'There is no such option. Did you mean "weight"?',
    ],
    [
      'max',
      { queues: { a: { weight: 1, max: 0 } } },
      'queues.a.max',
      '0 is not allowed. Allowed: a whole number from 1 to',
    ],
    ['maxWaiting', { queues: { a: { weight: 1, maxWaiting: 0 } } }, 'queues.a.maxWaiting', '0 is not allowed.'],
    [
      'whenFull',
      { queues: { a: { weight: 1, whenFull: 'drop' } } },
      'queues.a.whenFull',
      '"drop" is not allowed. Allowed: reject, wait.',
    ],
    [
      'queueOrder',
      { queueOrder: 'strickt' },
      'queueOrder',
      '"strickt" is not allowed. Did you mean "strict"? Allowed: weighted, strict.',
    ],
    ['concurrency', { concurrency: 0 }, 'concurrency', '0 is not allowed. Allowed: a whole number from 1 to 10,000.'],
    ['concurrency', { concurrency: 10_001 }, 'concurrency', '10001 is not allowed.'],
    ['concurrency', { concurrency: 1.5 }, 'concurrency', '1.5 is not allowed.'],
    ['concurrency', { concurrency: '5' }, 'concurrency', '"5" is not allowed.'],
    [
      'role',
      { role: 'wroker' },
      'role',
      '"wroker" is not allowed. Did you mean "worker"? Allowed: producer, worker, scheduler, all.',
    ],
    ['role', { role: [] }, 'role', 'The list is empty.'],
    ['role', { role: ['worker', 5] }, 'role', '5 is not allowed.'],
    ['jobs', { jobs: [] }, 'jobs', '[] is not an object. Allowed: options by job name.'],
    ['jobs', { jobs: { a: true } }, 'jobs.a', 'true is not an object.'],
    ['defaults', { defaults: 5 }, 'defaults', '5 is not an object.'],
    ['defaults', { defaults: { timout: 5 } }, 'defaults.timout', 'There is no such option. Did you mean "timeout"?'],
    [
      'defaults',
      { defaults: { queue: 'critcal' } },
      'defaults.queue',
      'Queue "critcal" is not configured. Did you mean "critical"? Configured: critical, default, low.',
    ],
    ['defaults', { defaults: { queue: 5 } }, 'defaults.queue', 'Queue 5 is not configured.'],
    ['defaults', { defaults: { retry: { max: -1 } } }, 'defaults.retry.max', '-1 is not allowed.'],
    ['defaults', { defaults: { timeout: 0 } }, 'defaults.timeout', '0 is too short. Allowed: at least 1ms.'],
    ['defaults', { defaults: { timezone: 'Europe/Berln' } }, 'defaults.timezone', 'Did you mean "Europe/Berlin"?'],
    ['defaults', { defaults: { timezone: 5 } }, 'defaults.timezone', '5 is not a time zone.'],
    ['defaults', { defaults: { misfire: 'al' } }, 'defaults.misfire', 'Did you mean "all"?'],
    ['defaults', { defaults: { misfireThreshold: 'x' } }, 'defaults.misfireThreshold', '"x" is not a duration.'],
    ['defaults', { defaults: { maxCatchUp: 0 } }, 'defaults.maxCatchUp', '0 is not allowed.'],
    [
      'defaults',
      { defaults: { overlap: { policy: 'skip' } } },
      'defaults.overlap',
      "{ policy: 'skip' } is not allowed.",
    ],
    ['defaults', { defaults: { retention: { count: -1 } } }, 'defaults.retention.count', '-1 is not allowed.'],
    ['defaults', { defaults: { retention: { age: 'x' } } }, 'defaults.retention.age', '"x" is not a duration.'],
    ['history', { history: 'no' }, 'history', '"no" is not allowed. Allowed: true or false.'],
    [
      'maxPayload',
      { maxPayload: '1mb' },
      'maxPayload',
      '"1mb" is not allowed. Allowed: a whole number from 1 to 67,108,864.',
    ],
    ['shutdownTimeout', { shutdownTimeout: '30 sec' }, 'shutdownTimeout', '"30 sec" is not a duration. Allowed:'],
    ['lockDuration', { lockDuration: '60d' }, 'lockDuration', '"60d" is too long. Allowed: at most 1d.'],
    ['lockDuration', { lockDuration: 999 }, 'lockDuration', '999 is too short. Allowed: at least 1s.'],
    ['autoStart', { autoStart: 1 }, 'autoStart', '1 is not allowed.'],
    ['workerName', { workerName: '' }, 'workerName', '"" is not allowed. Allowed: a text of 1 to 200 characters.'],
    ['telemetry', { telemetry: {} }, 'telemetry', "Allowed: an object with BullMQ's Telemetry interface"],
  ])('finds fault with %s: %p', (_, options, at, problem) => {
    expect(faultsOf(options)).toEqual([{ at, problem: expect.stringContaining(problem) }]);
  });

  it('reports everything together', () => {
    const options = {
      conection: 1,
      concurrency: 0,
      queues: { 'a:b': 0 },
      role: 'x',
      lockDuration: 1,
      defaults: { retry: 'x' },
    };
    expect(faultsOf(options).map(({ at }) => at)).toEqual([
      'conection',
      'concurrency',
      'queues.a:b',
      'queues.a:b',
      'role',
      'defaults.retry',
      'lockDuration',
    ]);
    expect(() => resolveOptions(options as unknown as JobSchedulerOptions)).toThrow(
      /^There are 7 faults in the options of JobSchedulerModule:\n {2}- conection: There is no such option\./,
    );
  });
});

describe('resolved options', () => {
  const schema = v.object({ to: v.string() });
  const payload = { nested: { list: [1] } };
  const jobs = {
    'report.nightly': { schedule: [{ cron: '@daily', payload, start: new Date(0) }], schema, onFail: 'alarm' },
    zod: { schema: z.string(), retry: { backoff: () => 5 } },
  };
  const resolved = resolveOptions({ jobs, connection: client, queues: { a: 1 }, defaults: { queue: 'a' } });

  function openParts(value: unknown, path: string): string[] {
    if (typeof value !== 'object' || value === null || value instanceof Date || '~standard' in value) return [];
    const inside = value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
    return [
      ...(Object.isFrozen(value) ? [] : [path]),
      ...inside.flatMap((each, index) => openParts(each, `${path}.${index}`)),
    ];
  }

  it('are frozen to the bottom', () => {
    const { connection, ...ours } = resolved;
    expect(connection).toBe(client);
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(openParts(Object.freeze(ours), '')).toEqual([]);
    expect(() => (resolved.queues as Map<string, unknown>).set('b', 1)).toThrow(TypeError);
    expect(() => (resolved.roles as Set<string>).clear()).toThrow(TypeError);
    expect(resolved.queues.size).toBe(1);
    expect(resolved.roles.size).toBe(3);
  });

  it('are copies: what the user gave stays open, and what they change later does not count', () => {
    expect(Object.isFrozen(payload.nested.list)).toBe(false);
    payload.nested.list.push(2);
    expect(resolved.jobs['report.nightly']?.schedule).toMatchObject([{ payload: { nested: { list: [1] } } }]);
  });

  it('keep schemas, functions and dates as they are', () => {
    expect(resolved.jobs['report.nightly']?.schema).toBe(schema);
    expect(resolved.jobs.zod?.schema).toBe(jobs.zod.schema);
    expect(resolved.jobs.zod?.retry).toEqual(jobs.zod.retry);
  });

  it('may hold a payload that refers back to itself', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(() => resolveOptions({ jobs: { a: { schedule: { cron: '@daily', payload: circular } } } })).not.toThrow();
  });
});

describe('the connection', () => {
  class SomeClient {
    readonly password = 'secret';
  }

  it.each<[unknown]>([
    ['memory:'],
    ['file:./data/jobs'],
    ['file:///var/jobs'],
    ['redis://localhost'],
    ['REDIS://localhost:6379'],
    ['rediss://user:p%40ss@host:6380/3'],
    ['postgres://user:pass@host:5432/db?sslmode=require'],
    ['postgresql://host/db'],
    ['postgres:///db'],
    ['postgres://user:pass@/db?host=/var/run/postgresql'],
    [{}],
    [{ host: 'h', port: 6379, password: 'p', db: 1 }],
    [{ sentinels: [{ host: 'h', port: 26_379 }], name: 'main' }],
    [{ path: '/run/redis.sock' }],
    [client],
    [Object.assign(Object.create({ query: () => undefined }), { waitReady: Promise.resolve() })],
  ])('may be %p', (connection) => {
    expect(faultsOf({ connection })).toEqual([]);
    expect(resolveOptions({ connection } as JobSchedulerOptions).connection).toBe(connection);
  });

  it.each<[unknown, string, string]>([
    [
      '',
      'connection',
      'The text names no scheme. Allowed: "redis://…", "rediss://…", "postgres://…", "file:DIR", "memory:"',
    ],
    ['/tmp/jobs', 'connection', 'The text names no scheme.'],
    [
      'redi://secret@host',
      'connection',
      '"redi:" is no scheme of a job store. Did you mean "redis"? Known: redis, rediss, postgres, postgresql, file, memory. Allowed:',
    ],
    ['postgre://secret@host/db', 'connection', 'Did you mean "postgres"?'],
    ['mysql://secret@host', 'connection', '"mysql:" is no scheme of a job store.'],
    ['localhost:6379', 'connection', '"localhost:" is no scheme of a job store.'],
    ['memory', 'connection', 'The text names no scheme.'],
    ['memory://', 'connection', 'has nothing after the colon'],
    ['file:', 'connection', 'names a directory: "file:./data/jobs"'],
    ['file:  ', 'connection', 'names a directory'],
    ['redis:host', 'connection', 'The "redis:" URL lacks its slashes: "redis://host:port".'],
    ['redis://:50%off@secret', 'connection', 'has a "%" that begins no percent-encoding: write "%25" for it'],
    ['redis://secret/abc', 'connection', 'The path of the "redis:" URL is no database.'],
    ['redis://secret/1/2', 'connection', 'is no database'],
    ['redis://secret/-1', 'connection', 'is no database'],
    ['redis://secret?db=x', 'connection', '"db" in the "redis:" URL is no database.'],
    ['redis://secret?tls=true', 'connection', 'write "rediss://host:port"'],
    ['file://data/jobs', 'connection', 'Write "file:./data/jobs" for one below the working directory'],
    ['file://./x', 'connection', 'Write "file:./x"'],
    ['file:///a%zz', 'connection', 'begins no percent-encoding'],
    ['redis://:secret@host:port', 'connection', 'The "redis:" URL cannot be read'],
    ['redis://a:6379,b:6379', 'connection', 'The "redis:" URL cannot be read'],
    ['postgres://user:se/cret@host/db', 'connection', 'special characters in the password percent-encoded'],
    [{ url: 'redis://secret' }, 'connection', 'Options take no URL: ioredis would ignore it.'],
    [{ hots: 'secret' }, 'connection', 'The options name no server: hots. Allowed: host, port, path,'],
    [
      { host: 'h', port: '6379' },
      'connection.port',
      '"6379" is not allowed. Allowed: a whole number from 1 to 65,535.',
    ],
    [{ host: 'h', db: -1 }, 'connection.db', '-1 is not allowed.'],
    [{ sentinels: [] }, 'connection.sentinels', 'It is no list of servers.'],
    [Promise.resolve(client), 'connection', 'It is a promise. Await it first, or use forRootAsync().'],
    [new SomeClient(), 'connection', 'An instance of SomeClient is no connection.'],
    [['redis://secret'], 'connection', 'A list is no connection.'],
    [null, 'connection', 'null is no connection.'],
    [6379, 'connection', 'A value of type number is no connection.'],
  ])('may not be %p', (connection, at, problem) => {
    const faults = faultsOf({ connection });
    expect(faults).toEqual([{ at, problem: expect.stringContaining(problem) }]);
    expect(JSON.stringify(faults)).not.toContain('secret');
  });
});
