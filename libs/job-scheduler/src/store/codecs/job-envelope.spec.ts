import { describe, expect, test } from '@jest/globals';
import { Job } from 'bullmq';
import type { JobJson, MinimalQueue } from 'bullmq';
import { toQueueEntry, toQueuedExecution } from './job-envelope.js';
import type { JobToAdd } from './job-envelope.js';
import { toQueuePriority } from './priority.js';

const plain: JobToAdd = {
  id: 'order-1',
  job: 'invoice.send',
  queue: 'default',
  payload: { to: 'a@b.c' },
  trigger: 'enqueue',
  ownId: false,
  createdAt: 1_000,
  delay: 0,
  maxAttempts: 4,
  priority: 0,
  prioritized: false,
  keepFailed: 30 * 86_400_000,
};

const queue = { name: 'default', qualifiedName: 'p:default', toKey: (type: string) => type } as unknown as MinimalQueue;

/** What a worker gets: the entry as BullMQ stores and reads it. */
function started(job: JobToAdd, stored: Partial<JobJson> = {}) {
  const { name, data, opts } = toQueueEntry(job);
  const read = Job.fromJSON(queue, {
    id: opts.jobId!,
    name,
    data: JSON.stringify(data),
    opts: JSON.parse(JSON.stringify(opts)),
    timestamp: opts.timestamp!,
    attemptsMade: 0,
    attemptsStarted: 1,
    ...stored,
  } as JobJson);
  return toQueuedExecution(read, job.queue);
}

test('a job of which only the JSON is at hand is as one with its payload', () => {
  const light = { ...plain, payload: undefined, payloadJson: JSON.stringify(plain.payload) };
  expect(toQueueEntry(light)).toEqual(toQueueEntry(plain));
});

test('a plain job: its payload is the data, its options are few', () => {
  expect(toQueueEntry(plain)).toEqual({
    name: 'invoice.send',
    data: { to: 'a@b.c' },
    opts: {
      jobId: 'order-1',
      timestamp: 1_000,
      attempts: 4,
      removeOnComplete: true,
      removeOnFail: { age: 2_592_000 },
      njs: '{}',
    },
  });
});

test('everything comes back', () => {
  const job: JobToAdd = {
    ...plain,
    id: 'a:1',
    trigger: 'catch-up',
    scheduleId: 'code:x',
    scheduledFor: 500,
    metadata: { tenant: 'é😀' },
    overrides: { timeout: 5, retry: { max: 3, backoff: 'fixed' }, retention: { count: 0 } },
    ownId: true,
  };
  expect(started(job, { attemptsMade: 2, attemptsStarted: 5, stalledCounter: 1 })).toEqual({
    id: 'a:1',
    job: 'invoice.send',
    queue: 'default',
    payload: { to: 'a@b.c' },
    trigger: 'catch-up',
    scheduleId: 'code:x',
    scheduledFor: 500,
    metadata: { tenant: 'é😀' },
    overrides: job.overrides,
    createdAt: 1_000,
    delay: 0,
    attempt: 3,
    maxAttempts: 4,
    fence: 5,
    crashes: 1,
    ownId: true,
  });
});

test.each([
  [undefined],
  [null],
  [0],
  [false],
  [''],
  ['text'],
  [[]],
  [{}],
  [{ nul: 'a\0b' }],
  ['\ud800 alone'],
  ['\\u0000 as text'],
])('the payload %j comes back as it was', (payload) => {
  expect(started({ ...plain, payload }).payload).toEqual(payload);
});

test('data that jsonb refuses is not given to it', () => {
  expect(JSON.stringify(toQueueEntry({ ...plain, payload: 'a\0b' }).data)).toBe('{}');
});

test('delay and retention', () => {
  expect(toQueueEntry({ ...plain, delay: 1.5 }).opts.delay).toBe(2);
  expect(toQueueEntry({ ...plain, keepFailed: 0 }).opts.removeOnFail).toBe(true);
  expect(toQueueEntry({ ...plain, keepFailed: 1 }).opts.removeOnFail).toEqual({ age: 1 });
  expect(toQueueEntry({ ...plain, maxAttempts: Infinity }).opts.attempts).toBe(2 ** 31 - 1);
});

describe('a job of plain BullMQ', () => {
  const json = { id: '17', name: 'resize', data: '{"w":1}', opts: { attempts: 3 }, timestamp: 9, attemptsMade: 0, attemptsStarted: 1 }; // prettier-ignore

  test('has what BullMQ knows, and no attempts of ours', () => {
    expect(toQueuedExecution(Job.fromJSON(queue, json as unknown as JobJson), 'default')).toEqual({
      id: 'bullmq:default:17',
      job: 'resize',
      queue: 'default',
      payload: { w: 1 },
      trigger: 'enqueue',
      scheduleId: undefined,
      scheduledFor: undefined,
      metadata: {},
      overrides: {},
      createdAt: 9,
      delay: 0,
      attempt: 1,
      maxAttempts: 0,
      fence: 1,
      crashes: 0,
      ownId: false,
    });
  });

  test('from a job scheduler says so', () => {
    const read = Job.fromJSON(queue, {
      ...json,
      id: 'repeat:tick:500',
      opts: { prevMillis: 500 },
      repeatJobKey: 'tick',
    } as unknown as JobJson);
    expect(toQueuedExecution(read, 'default')).toMatchObject({
      trigger: 'schedule',
      scheduleId: 'tick',
      scheduledFor: 500,
    });
  });

  test('with an envelope that cannot be read counts as plain', () => {
    const read = Job.fromJSON(queue, { ...json, opts: { njs: '{' } } as unknown as JobJson);
    expect(toQueuedExecution(read, 'default')).toMatchObject({ maxAttempts: 0, trigger: 'enqueue' });
  });
});

describe('priority', () => {
  const order = [1_000_000, 999_999, 7, 1, 0, -1, -7, -1_000_000];

  test('on a prioritized queue all sort as ours do, within BullMQ’s scale', () => {
    const mapped = order.map((priority) => toQueuePriority(priority, true).priority!);
    expect(mapped).toEqual(mapped.toSorted((a, b) => a - b));
    expect(new Set(mapped).size).toBe(order.length);
    expect(mapped.every((value) => value >= 1 && value <= 2_097_151)).toBe(true);
  });

  test('elsewhere the default costs nothing, negative ones come after, positive ones before', () => {
    expect(toQueuePriority(0, false)).toEqual({});
    expect(toQueuePriority(-1, false).priority).toBeGreaterThan(0);
    expect(toQueuePriority(1, false)).toEqual({ lifo: true });
  });

  test('out of range is brought into it', () => {
    expect(toQueuePriority(5_000_000, true)).toEqual(toQueuePriority(1_000_000, true));
    expect(toQueuePriority(-0.2, false)).toEqual({});
  });
});
