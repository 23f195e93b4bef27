import { describe, expect, it } from '@jest/globals';
import type { OptionsError } from '../errors/definition-errors.js';
import { optionsFromEnv } from './options-from-env.js';
import { resolveOptions } from './resolve-options.js';

type Env = Record<string, string | undefined>;

function faultsOf(env: Env): OptionsError['faults'] {
  try {
    optionsFromEnv(env);
  } catch (error) {
    return (error as OptionsError).faults;
  }
  return [];
}

describe('optionsFromEnv', () => {
  it.each<[Env, object]>([
    [{}, {}],
    [
      { HOME: '/root', JOBS_URL: '', JOBS_CONCURRENCY: ' ', JOBS_QUEUE_LOW: '', REDIS_HOST: '', REDIS_PASSWORD: '' },
      {},
    ],
    [{ JOBS_URL: ' redis://a ' }, { connection: 'redis://a' }],
    [{ REDIS_URL: 'rediss://b' }, { connection: 'rediss://b' }],
    [{ JOBS_URL: 'file:./data', REDIS_URL: 'redis://b', REDIS_HOST: 'c' }, { connection: 'file:./data' }],
    [{ JOBS_URL: 'memory:', REDIS_PORT: 'tcp://10.0.0.1:6379', REDIS_DB: 'x' }, { connection: 'memory:' }],
    [
      { REDIS_HOST: 'c', REDIS_PORT: '6380', REDIS_PASSWORD: ' p ', REDIS_DB: '2' },
      { connection: { host: 'c', port: 6380, password: ' p ', db: 2 } },
    ],
    [{ REDIS_HOST: 'c' }, { connection: { host: 'c' } }],
    [
      { REDIS_HOST: 'c', REDIS_USERNAME: 'u', REDIS_TLS: 'true' },
      { connection: { host: 'c', username: 'u', tls: {} } },
    ],
    [{ REDIS_HOST: 'c', REDIS_TLS: '0' }, { connection: { host: 'c' } }],
    [{ REDIS_PORT: '6380' }, { connection: { port: 6380 } }],
    [{ REDIS_DB: '0' }, { connection: { db: 0 } }],
    [{ JOBS_CONCURRENCY: '25' }, { concurrency: 25 }],
    [{ ASYNQ_CONCURRENCY: '7' }, { concurrency: 7 }],
    [{ JOBS_CONCURRENCY: '25', ASYNQ_CONCURRENCY: '7' }, { concurrency: 25 }],
    [{ JOBS_QUEUE_CRITICAL: '6', JOBS_QUEUE_News_Items: '0.5' }, { queues: { critical: 6, news_items: 0.5 } }],
    [
      { ASYNQ_QUEUE_CRITICAL: '6', ASYNQ_QUEUE_DEFAULT: '3', JOBS_QUEUE_DEFAULT: '4' },
      { queues: { critical: 6, default: 4 } },
    ],
  ])('makes of %p: %p', (env, options) => {
    expect(optionsFromEnv(env)).toEqual(options);
    expect(() => resolveOptions(optionsFromEnv(env))).not.toThrow();
  });

  it('reads the process where no environment is given', () => {
    expect(() => optionsFromEnv()).not.toThrow();
  });

  it.each<[Env, string, string]>([
    [{ JOBS_URL: 'redi://secret@a' }, 'JOBS_URL', '"redi:" is no scheme of a job store. Did you mean "redis"?'],
    [{ REDIS_URL: 'localhost' }, 'REDIS_URL', 'The text names no scheme.'],
    [{ REDIS_HOST: 'c', REDIS_TLS: 'perhaps' }, 'REDIS_TLS', '"perhaps" is not allowed. Allowed: true, false.'],
    [{ REDIS_PORT: '0' }, 'REDIS_PORT', '0 is not allowed. Allowed: a whole number from 1 to 65,535.'],
    [{ REDIS_PORT: '0x10' }, 'REDIS_PORT', '"0x10" is not allowed.'],
    [
      { REDIS_PORT: 'tcp://10.0.0.1:6379' },
      'REDIS_PORT',
      'Kubernetes sets it so for a service called "redis". Set JOBS_URL',
    ],
    [{ REDIS_DB: '-1' }, 'REDIS_DB', '"-1" is not allowed.'],
    [
      { JOBS_CONCURRENCY: 'ten' },
      'JOBS_CONCURRENCY',
      '"ten" is not allowed. Allowed: a whole number from 1 to 10,000.',
    ],
    [{ JOBS_CONCURRENCY: '0' }, 'JOBS_CONCURRENCY', '0 is not allowed.'],
    [{ JOBS_CONCURRENCY: '1.5' }, 'JOBS_CONCURRENCY', '"1.5" is not allowed.'],
    [{ JOBS_CONCURRENCY: '1e3' }, 'JOBS_CONCURRENCY', '"1e3" is not allowed.'],
    [{ ASYNQ_CONCURRENCY: '99999' }, 'ASYNQ_CONCURRENCY', '99999 is not allowed.'],
    [{ JOBS_QUEUE_LOW: 'much' }, 'JOBS_QUEUE_LOW', '"much" is no weight. Allowed: a number above 0.'],
    [{ JOBS_QUEUE_LOW: '0' }, 'JOBS_QUEUE_LOW', '0 is no weight.'],
    [{ ASYNQ_QUEUE_LOW: '-1' }, 'ASYNQ_QUEUE_LOW', '"-1" is no weight.'],
    [{ JOBS_QUEUE_LOW: 'Infinity' }, 'JOBS_QUEUE_LOW', '"Infinity" is no weight.'],
    [{ JOBS_QUEUE_: '1' }, 'JOBS_QUEUE_', '"" is no name of a queue.'],
    [{ 'JOBS_QUEUE_A:B': '1' }, 'JOBS_QUEUE_A:B', '"a:b" is no name of a queue.'],
    [{ JOBS_QUEUE__X: '1' }, 'JOBS_QUEUE__X', '"_x" is no name of a queue.'],
  ])('finds fault with %p', (env, at, problem) => {
    const faults = faultsOf(env);
    expect(faults).toEqual([{ at, problem: expect.stringContaining(problem) }]);
    expect(JSON.stringify(faults)).not.toContain('secret');
  });

  it('reports everything together', () => {
    expect(faultsOf({ JOBS_URL: 'x', JOBS_CONCURRENCY: 'x', JOBS_QUEUE_A: 'x', ASYNQ_QUEUE_B: 'x' })).toHaveLength(4);
  });
});
