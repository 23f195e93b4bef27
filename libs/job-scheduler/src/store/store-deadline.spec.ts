import { describe, expect, test } from '@jest/globals';
import type { BackendFactory, IQueueBackend } from 'bullmq';
import { SystemClock } from '../common/clock.js';
import { Availability } from './availability.js';
import { isStoreAway } from './store-away.js';
import { StoreDeadline } from './store-deadline.js';

const deadline = new StoreDeadline('redis://h:1', new SystemClock(), 50);
const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });
const named = (name: string) => Object.assign(new Error('x'), { name });

describe('a command', () => {
  test('in time gives its result', async () => {
    expect(await deadline.run(Promise.resolve(7))).toBe(7);
  });

  test('that never ends fails, and says where', async () => {
    await expect(deadline.run(new Promise(() => undefined))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'The job store at redis://h:1 did not answer within 50 ms',
    });
  });

  test('that fails since the store is away says so, with the cause', async () => {
    const cause = coded('ECONNRESET', 'read ECONNRESET');
    await expect(deadline.run(Promise.reject(cause))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause });
  });

  test('that is wrong keeps its error', async () => {
    const error = new Error('ERR wrong number of arguments');
    await expect(deadline.run(Promise.reject(error))).rejects.toBe(error);
  });
});

test('a guarded backend: its commands have the deadline, its life and its plain values do not', async () => {
  class Backend {
    readonly keys = { wait: 'w' };
    private secret = 3;
    get closing() {
      return undefined;
    }
    addJob = () => new Promise(() => undefined);
    getCounts() {
      return Promise.resolve([this.secret]);
    }
    toKey(type: string) {
      return `${this.keys.wait}:${type}`;
    }
    waitUntilReady() {
      return Promise.reject(coded('ECONNREFUSED'));
    }
  }
  const guard = deadline.guard((() => new Backend()) as unknown as BackendFactory<IQueueBackend, unknown>);
  const backend = guard('q', { connection: 0 });
  await expect(backend.addJob({} as never, 'x')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(backend.waitUntilReady()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await backend.getCounts([])).toEqual([3]);
  expect(backend.toKey('a')).toBe('w:a');
  expect(backend.keys).toEqual({ wait: 'w' });
  expect(backend.closing).toBeUndefined();
});

test.each([
  [coded('ECONNREFUSED'), true],
  [coded('57P01', 'terminating connection due to administrator command'), true],
  [coded('08006'), true],
  [coded('25006'), true],
  [coded('53300'), true],
  [named('MaxRetriesPerRequestError'), true],
  [new Error('Connection is closed.'), true],
  [new Error("READONLY You can't write against a read only replica."), true],
  [new Error('Connection terminated unexpectedly'), true],
  [coded('23505', 'duplicate key'), false],
  [coded('42P01'), false],
  [new Error('WRONGTYPE Operation against a key'), false],
  ['ECONNREFUSED', false],
  [undefined, false],
  [null, false],
])('whether error %# means that the store is away', (error, expected) => {
  expect(isStoreAway(error)).toBe(expected);
});

test('availability is told once per loss, whatever the number of connections, and not after the close', () => {
  const availability = new Availability();
  const told: unknown[] = [];
  availability.listen((available, error) => told.push([available, error?.message]));
  availability.back('a');
  availability.lost('a', new Error('one'));
  availability.lost('b', new Error('two'));
  availability.back('a');
  expect(told).toEqual([[false, 'one']]);
  availability.back('b');
  expect(told).toEqual([
    [false, 'one'],
    [true, undefined],
  ]);
  availability.close();
  availability.lost('a', new Error('three'));
  expect(told).toHaveLength(2);
});
