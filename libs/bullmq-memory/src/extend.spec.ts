import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Queue, Worker, type Job } from 'bullmq';
import { randomPrefix } from '../../../test/support/prefix.js';
import { createMemoryBackend } from './create-memory-backend.js';
import { memoryBackendWith, openMemory, type BackendHooks, type OpenMemory } from './extend.js';
import { processClock } from './state/clock.js';

let name: string;
let memory: OpenMemory;
let opened: { close(): Promise<void> }[];

beforeEach(() => {
  name = randomPrefix();
  memory = openMemory(name, processClock);
  opened = [];
});
afterEach(async () => {
  for (const part of opened) await part.close();
  memory.close();
});

function open(hooks: BackendHooks = {}) {
  const queue = new Queue('mails', { connection: { name } }, memoryBackendWith(hooks));
  opened.push(queue);
  return queue;
}

async function failed(queue: ReturnType<typeof open>): Promise<Job> {
  const worker = new Worker(
    'mails',
    () => Promise.reject(new Error('no')),
    { connection: { name } },
    createMemoryBackend,
  );
  opened.push(worker);
  const job = new Promise<Job>((resolve) => worker.once('failed', (each) => resolve(each!)));
  await queue.add('welcome', { to: 'ada' });
  return job;
}

test('what is kept beside the queues lives as long as anybody has the name open', () => {
  const again = openMemory(name, processClock);
  memory.part('notes', () => ['first']);
  memory.close();
  expect(again.part('notes', () => [])).toEqual(['first']);
  again.close();
  again.close();
  memory = openMemory(name, processClock);
  expect(memory.part('notes', () => [])).toEqual([]);
});

test('a hook is asked before jobs are added, alone and in bulk, and what it throws rejects the call', async () => {
  const asked: (readonly string[])[] = [];
  const queue = open({
    beforeAdd: (jobs) => {
      asked.push(jobs.map(({ job }) => job.name));
      if (jobs.length > 1) throw new Error('one by one, please');
    },
  });
  await queue.add('one', {});
  await expect(queue.addBulk([{ name: 'two', data: {} }, { name: 'three', data: {} }])).rejects.toThrow('one by one'); // prettier-ignore
  expect(asked).toEqual([['one'], ['two', 'three']]);
  expect(memory.queue('bull:mails').waiting).toBe(1);
});

test('a queue is read as it is kept', async () => {
  const queue = open();
  await queue.add('held', {}, { jobId: 'a', delay: 60_000, timestamp: 1_000, deduplication: { id: 'once' } });
  await queue.upsertJobScheduler('daily', { pattern: '0 0 * * *', tz: 'UTC' });
  const kept = memory.queue('bull:mails');
  expect(kept.job('a')?.toJson()).toMatchObject({ id: 'a', name: 'held', delay: 60_000 });
  expect(kept.dueAt('a')).toBe(61_000);
  expect([kept.isDeduplicated('once'), kept.isDeduplicated('twice')]).toEqual([true, false]);
  const { next, fields } = kept.schedulers.get('daily')!;
  expect([fields.get('pattern'), kept.job(`repeat:daily:${next}`)?.name]).toEqual(['0 0 * * *', 'daily']);
  expect([...kept.events()].at(-1)).toMatchObject({ event: 'added', jobId: 'a' });
  expect([kept.size, kept.remove(`repeat:daily:${next}`), kept.size]).toEqual([2, true, 1]);
});

test('a failed job can be run again or discarded, another one cannot', async () => {
  const queue = open();
  const { id } = await failed(queue);
  const kept = memory.queue('bull:mails');
  expect([...kept.failed()].map((job) => job.failedReason)).toEqual(['no']);
  expect([...kept.latestFailed({ score: 0 })]).toEqual([]);
  await queue.pause();
  expect([kept.retry(id!), kept.retry(id!), kept.discard(id!)]).toEqual([true, false, false]);
  expect(await queue.getJobCountByTypes('wait')).toBe(1);
});
