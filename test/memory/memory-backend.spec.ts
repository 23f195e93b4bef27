/** What is particular to the memory backend: who shares it, its clock, and that it leaves room for others. */
import { describe, expect, jest, test } from '@jest/globals';
import { Queue, Worker, withBackend } from 'bullmq';
import { createMemoryBackend } from '#bullmq-memory';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { bullOnMemory } from './kit.js';

const bull = bullOnMemory();
const Memory = withBackend(createMemoryBackend);

describe('names', () => {
  test('the same name shares, another does not; the last close drops all', async () => {
    const name = randomPrefix();
    const open = (own = name) => new Memory.Queue('mails', { connection: { name: own } });
    const [one, two, other] = [open(), open(), open(randomPrefix())];
    await one.add('hello', {});
    expect(await two.getWaitingCount()).toBe(1);
    expect(await other.getWaitingCount()).toBe(0);
    await one.close();
    const three = open();
    expect(await three.getWaitingCount()).toBe(1);
    await Promise.all([two.close(), three.close(), other.close()]);
    const four = open();
    expect(await four.getWaitingCount()).toBe(0);
    await four.close();
  });

  test('prefixes and queues are apart within a name', async () => {
    const connection = { name: randomPrefix() };
    const queues = [
      new Memory.Queue('a', { connection, prefix: 'one' }),
      new Memory.Queue('a', { connection, prefix: 'two' }),
      new Memory.Queue('b', { connection, prefix: 'one' }),
    ];
    await queues[0]!.add('job', {});
    expect(await Promise.all(queues.map((queue) => queue.getWaitingCount()))).toEqual([1, 0, 0]);
    await Promise.all(queues.map((queue) => queue.close()));
  });

  test('a closed queue refuses', async () => {
    const queue = new Memory.Queue('mails', { connection: { name: randomPrefix() } });
    await queue.close();
    await expect(queue.getWaitingCount()).rejects.toThrow('Connection is closed.');
  });
});

describe('time', () => {
  test('fake timers drive delays, retries and locks', async () => {
    jest.useFakeTimers({ now: 1_000_000 });
    const queue = bull.queue('timed');
    const ran: number[] = [];
    bull.worker('timed', async (job) => {
      ran.push(Date.now());
      if (job.attemptsMade === 0) throw new Error('once');
    });
    await queue.add('job', {}, { delay: 60_000, attempts: 2, backoff: 5_000 });
    await jest.advanceTimersByTimeAsync(59_000);
    expect(ran).toEqual([]);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(ran).toEqual([1_060_000, 1_065_000]);
  });

  test('fake timers hold back neither answers nor events', async () => {
    jest.useFakeTimers();
    const queue = bull.queue('frozen');
    const events = bull.events('frozen', { lastEventId: '0' });
    let told = 0;
    const all = new Promise<void>((resolve) => events.on('completed', () => ++told === 500 && resolve()));
    bull.worker('frozen', async () => undefined);
    for (let n = 0; n < 500; n++) await queue.add('job', { n });
    await all;
    expect(await queue.getCompletedCount()).toBe(500);
  });

  test('a clock of the user drives it', async () => {
    let now = 5_000;
    const clock = { now: () => now, after: () => ({ cancel: () => undefined }) };
    const connection = { name: randomPrefix(), clock };
    const queue = new Memory.Queue('timed', { connection });
    const worker = new Memory.Worker('timed', undefined, { connection, autorun: false });
    await queue.add('job', {}, { delay: 1_000, timestamp: now });
    expect(await worker.getNextJob('t', { block: false })).toBeUndefined();
    now += 1_000;
    expect((await worker.getNextJob('t', { block: false }))?.processedOn).toBe(6_000);
    await Promise.all([queue.close(), worker.close(true)]);
  });
});

describe('wake-ups', () => {
  test('of many workers each hears of work, also when it was not waiting at that moment', async () => {
    const connection = { name: randomPrefix() };
    const backends = Array.from({ length: 5 }, () =>
      createMemoryBackend('woken', { connection }, { withBlockingConnection: true }),
    );
    const waiting = backends.slice(0, 4).map((backend) => backend.waitForJob(5));
    const queue = new Memory.Queue('woken', { connection });
    await queue.add('job', {});
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 4 }, () => ({ member: '0', score: 0 })));
    expect(await backends[4]!.waitForJob(5)).toEqual({ member: '0', score: 0 });
    expect(await backends[4]!.waitForJob(0.01)).toBeNull();
    const delayed = backends[0]!.waitForJob(5);
    await queue.add('later', {}, { delay: 60_000, timestamp: 1_000 });
    expect(await delayed).toEqual({ member: '1', score: 61_000 });
    const interrupted = backends[0]!.waitForJob(5);
    await backends[0]!.disconnectBlocking();
    expect(await interrupted).toBeNull();
    await Promise.all([queue.close(), ...backends.map((backend) => backend.close())]);
  });

  test('no job is left behind, with many workers and producers', async () => {
    const queue = bull.queue('crowd');
    const seen = new Set<string>();
    for (let n = 0; n < 5; n++) bull.worker('crowd', async (job) => void seen.add(job.id!), { concurrency: 3 });
    for (let round = 0; round < 40; round++) {
      await Promise.all(Array.from({ length: round % 7 }, () => queue.add('job', {})));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const added = Array.from({ length: 40 }, (_, round) => round % 7).reduce((a, b) => a + b);
    expect(await until('all ran', () => seen.size >= added && seen.size)).toBe(added);
  });
});

test('timers have their turn while jobs run without a pause', async () => {
  const queue = bull.queue('busy');
  await queue.addBulk(Array.from({ length: 5_000 }, (_, n) => ({ name: 'job', data: { n } })));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  let ran = 0;
  bull.worker('busy', async () => ++ran, { concurrency: 10 });
  await until('all ran', () => ran === 5_000, { every: 1 });
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(3);
});

test('classes of plain BullMQ take the backend as their last argument', async () => {
  const connection = { name: randomPrefix() };
  const queue = new Queue('plain', { connection }, createMemoryBackend);
  const worker = new Worker('plain', async () => 'done', { connection }, createMemoryBackend);
  const done = new Promise((resolve) => worker.once('completed', (_job, result) => resolve(result)));
  await queue.add('job', {});
  expect(await done).toBe('done');
  await worker.close();
  await queue.close();
});
