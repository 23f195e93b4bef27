/** What every store must do. Each spec file of this folder runs it on one store. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { Job, WorkerOptions } from 'bullmq';
import type { ExecutionHead, ExecutionWrite, StepRecord } from '../../libs/job-scheduler/src/store/execution-record.js';
import { toQueueEntry, toStartedJob } from '../../libs/job-scheduler/src/store/job-envelope.js';
import type { NewJob } from '../../libs/job-scheduler/src/store/job-envelope.js';
import { encodeJobId } from '../../libs/job-scheduler/src/store/names.js';
import type { EngineQueue, Store } from '../../libs/job-scheduler/src/store/ports.js';
import type { StartedJob } from '../../libs/job-scheduler/src/store/started-job.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

const DAY = 86_400_000;

/** Texts that have broken stores before: quotes, escapes, braces, wide characters, what looks like a key. */
const ODD = [
  `it's "quoted" \\ %s {0} $1 :a:b`,
  'line\nbreak\tand\rreturn',
  'é ß 漢字 😀 \u2028 \u200b',
  "'; DROP TABLE job; --",
  '{jobs}:x:1',
  ' ',
];

let clockTick = 0;
/** Times that grow, so that ends have an order. */
const tick = () => Date.now() + ++clockTick;

function head(more: Partial<ExecutionHead> = {}): ExecutionHead {
  return { trigger: 'enqueue', createdAt: 1_000, maxAttempts: 4, ...more };
}

function ended(id: string, more: Partial<ExecutionWrite> = {}): ExecutionWrite {
  const at = tick();
  return {
    id,
    job: 'report',
    queue: 'default',
    fence: 1,
    final: 'completed',
    head: head({ startedAt: at - 5, completedAt: at }),
    attempt: { attempt: 1, startedAt: at - 5, finishedAt: at, workerId: 'w1' },
    keep: { count: 100, age: DAY },
    ...more,
  };
}

function retried(id: string, fence: number, more: Partial<ExecutionWrite> = {}): ExecutionWrite {
  const { final: _, ...rest } = ended(id, { fence, ...more });
  const at = tick();
  return {
    ...rest,
    attempt: { attempt: fence, startedAt: at, finishedAt: at, workerId: 'w1', error: { name: 'Error', message: 'no' } },
  };
}

function step(name: string, result?: unknown): StepRecord {
  const at = tick();
  return { name, startedAt: at, finishedAt: at, ...(result === undefined ? {} : { result }) };
}

function newJob(id: string, more: Partial<NewJob> = {}): NewJob {
  return {
    id,
    job: 'report',
    queue: 'default',
    payload: { n: 1 },
    trigger: 'enqueue',
    ownId: false,
    createdAt: Date.now(),
    delay: 0,
    maxAttempts: 1,
    priority: 0,
    prioritized: false,
    keepFailed: DAY,
    ...more,
  };
}

export interface StoreUnderTest {
  readonly kind: Store['kind'];
  readonly ordered: boolean;
  /** Opens the store under a prefix. Stores that cannot share what they keep are opened once. */
  open(prefix: string): Promise<Store>;
  /** Puts something that cannot be read in the place of an execution's record. */
  corrupt(prefix: string, id: string): Promise<void>;
  /** Frees what `open` used, after the stores are closed. */
  release?(): Promise<void>;
}

export function describeStore(name: string, subject: StoreUnderTest): void {
  describe(name, () => {
    const prefix = randomPrefix();
    let store: Store;
    let ids = 0;
    const newId = () => `run-${++ids}`;

    beforeAll(async () => {
      store = await subject.open(prefix);
    });
    afterAll(async () => {
      await store?.close();
      await subject.release?.();
    });

    test('says what it is, and answers', async () => {
      expect(store.kind).toBe(subject.kind);
      expect(store.address).not.toBe('');
      expect(store.executions.ordered).toBe(subject.ordered);
      await store.ping();
    });

    describe('executions', () => {
      test('an unknown one is undefined', async () => {
        expect(await store.executions.load('never')).toBeUndefined();
      });

      test('all of an ended one comes back', async () => {
        const entry = ended(newId(), {
          head: head({
            trigger: 'schedule',
            scheduleId: 'code:report',
            scheduledFor: 5,
            startedAt: 6,
            completedAt: 7,
            payload: { deep: [{ a: null }] },
            result: [1, 'two'],
            error: { name: 'E', message: 'm', code: 'C', stack: 's' },
            reason: 'because',
            metadata: { tenant: 'x' },
          }),
          step: step('last', { z: 1, a: 2 }),
        });
        expect(await store.executions.write([entry])).toEqual([true]);
        expect(await store.executions.load(entry.id)).toEqual({
          id: entry.id,
          job: 'report',
          queue: 'default',
          fence: 1,
          final: 'completed',
          head: entry.head,
          attempts: [entry.attempt],
          steps: [entry.step],
        });
      });

      test.each(ODD)('odd text %j survives as id, job, queue, step and value', async (odd) => {
        const first = step(`first ${odd}`, odd);
        const entry = ended(`${newId()}${odd}`, {
          job: odd,
          queue: odd,
          head: head({ completedAt: tick(), payload: { [odd]: odd }, metadata: { [odd]: odd } }),
          step: step(odd, odd),
        });
        await store.executions.recordStep(entry.id, odd, odd, 1, first);
        expect(await store.executions.write([entry])).toEqual([true]);
        expect(await store.executions.load(entry.id)).toMatchObject({
          id: entry.id,
          job: odd,
          queue: odd,
          head: entry.head,
          steps: [first, entry.step],
        });
        expect((await store.executions.counts([odd]))[odd]).toEqual({ completed: 1, failed: 0 });
      });

      test('NUL and half surrogate pairs survive inside values', async () => {
        const payload = { nul: 'a\0b', half: '\ud800', key: 1 };
        const entry = ended(newId(), { head: head({ completedAt: tick(), payload }), step: step('s', 'a\0b') });
        await store.executions.write([entry]);
        expect(await store.executions.load(entry.id)).toMatchObject({ head: { payload }, steps: [{ result: 'a\0b' }] });
      });

      test('a payload and a result of 1 MiB come back', async () => {
        const payload = 'p'.repeat(2 ** 20);
        const entry = ended(newId(), { head: head({ completedAt: tick(), payload, result: payload }) });
        await store.executions.write([entry]);
        const loaded = await store.executions.load(entry.id);
        expect(loaded?.head?.payload === payload && loaded.head.result === payload).toBe(true);
      });

      test('a retry keeps it going; attempts add up in order', async () => {
        const id = newId();
        expect(await store.executions.write([retried(id, 1)])).toEqual([true]);
        expect((await store.executions.load(id))?.final).toBeUndefined();
        expect(await store.executions.write([retried(id, 2)])).toEqual([true]);
        expect(await store.executions.write([ended(id, { fence: 3 })])).toEqual([true]);
        const loaded = await store.executions.load(id);
        expect(loaded?.final).toBe('completed');
        expect(loaded?.fence).toBe(3);
        expect(loaded?.attempts).toHaveLength(3);
        expect(loaded?.attempts.map(({ startedAt }) => startedAt)).toEqual(
          loaded?.attempts.map(({ startedAt }) => startedAt).toSorted((a, b) => a - b),
        );
      });

      test('no attempt: cancelled while it waited', async () => {
        const { attempt: _, ...rest } = ended(newId(), { fence: 0, final: 'cancelled' });
        expect(await store.executions.write([rest])).toEqual([true]);
        expect(await store.executions.load(rest.id)).toMatchObject({ final: 'cancelled', attempts: [], steps: [] });
      });

      test('an older fence is refused and changes nothing', async () => {
        const id = newId();
        await store.executions.write([retried(id, 5)]);
        const before = await store.executions.load(id);
        expect(await store.executions.write([ended(id, { fence: 4 })])).toEqual([false]);
        expect(await store.executions.recordStep(id, 'report', 'default', 4, step('late'))).toBe(false);
        expect(await store.executions.load(id)).toEqual(before);
      });

      test('an ended one is not written again, not even by a newer fence', async () => {
        const id = newId();
        await store.executions.write([ended(id)]);
        const before = await store.executions.load(id);
        expect(await store.executions.write([ended(id, { fence: 2, final: 'failed' })])).toEqual([false]);
        expect(await store.executions.write([ended(id, { fence: 1, final: 'failed' })])).toEqual([false]);
        expect(await store.executions.write([retried(id, 2)])).toEqual([false]);
        expect(await store.executions.recordStep(id, 'report', 'default', 2, step('late'))).toBe(false);
        expect(await store.executions.load(id)).toEqual(before);
      });

      test('a write whose answer was lost can be sent again: accepted, counted once', async () => {
        const queue = `again-${newId()}`;
        const final = ended(newId(), { queue });
        const going = retried(newId(), 1, { queue });
        for (let time = 0; time < 2; time++) expect(await store.executions.write([final, going])).toEqual([true, true]);
        expect(await store.executions.counts([queue])).toEqual({ [queue]: { completed: 1, failed: 0 } });
        expect((await store.executions.load(going.id))?.attempts).toHaveLength(1);
      });

      test('a batch answers each entry in order', async () => {
        const [a, b, c] = [newId(), newId(), newId()];
        await store.executions.write([ended(b)]);
        expect(
          await store.executions.write([
            ended(a),
            ended(b, { fence: 2 }),
            retried(c, 1),
            ended(c, { fence: 2 }),
            ended(c, { fence: 3 }),
          ]),
        ).toEqual([true, false, true, true, false]);
        expect((await store.executions.load(c))?.attempts).toHaveLength(2);
        expect(await store.executions.write([])).toEqual([]);
      });

      test('batches of the same executions from many sides all end', async () => {
        const shared = Array.from({ length: 20 }, newId);
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, side) =>
            store.executions.write(
              (side % 2 ? shared.toReversed() : shared).map((id) => ended(id, { fence: side + 1 })),
            ),
          ),
        );
        expect(answers.flat().filter(Boolean)).toHaveLength(shared.length);
      });

      test('steps come back by their finish, within a millisecond in the order of recording', async () => {
        const id = newId();
        const at = tick();
        const names = ['c', 'a', 'b', 'd'];
        for (const name of names)
          expect(
            await store.executions.recordStep(id, 'report', 'default', 1, { name, startedAt: at, finishedAt: at }),
          ).toBe(true);
        const loaded = await store.executions.load(id);
        expect(loaded).toMatchObject({ id, job: 'report', queue: 'default', fence: 1, attempts: [] });
        expect(loaded?.head).toBeUndefined();
        expect(loaded?.steps.map(({ name }) => name)).toEqual(names);
        expect(loaded?.steps[0]).toEqual({ name: 'c', startedAt: at, finishedAt: at });
      });

      test('a step of a newer run raises the fence', async () => {
        const id = newId();
        await store.executions.recordStep(id, 'report', 'default', 2, step('one', 1));
        expect(await store.executions.write([ended(id, { fence: 1 })])).toEqual([false]);
        expect(await store.executions.recordStep(id, 'report', 'default', 2, step('one', 2))).toBe(true);
        expect((await store.executions.load(id))?.steps).toMatchObject([{ name: 'one', result: 2 }]);
      });

      test('a failed one is reopened with its attempts and steps', async () => {
        const id = newId();
        await store.executions.recordStep(id, 'report', 'default', 1, step('one', 1));
        await store.executions.write([ended(id, { final: 'failed' })]);
        expect(await store.executions.reopen(id)).toBe(true);
        expect(await store.executions.reopen(id)).toBe(false);
        const open = await store.executions.load(id);
        expect(open?.final).toBeUndefined();
        expect(open).toMatchObject({ attempts: [{ attempt: 1 }], steps: [{ name: 'one', result: 1 }] });
        expect(await store.executions.recordStep(id, 'report', 'default', 2, step('two', 2))).toBe(true);
        expect(await store.executions.write([ended(id, { fence: 2 })])).toEqual([true]);
        expect((await store.executions.load(id))?.steps).toHaveLength(2);
      });

      test('only a failed one is reopened', async () => {
        const [done, going] = [newId(), newId()];
        await store.executions.write([ended(done), retried(going, 1)]);
        expect(await store.executions.reopen(done)).toBe(false);
        expect(await store.executions.reopen(going)).toBe(false);
        expect(await store.executions.reopen('never')).toBe(false);
      });

      test('a reopened one is not pruned while it goes on', async () => {
        const job = `reopened-${newId()}`;
        const keep = { count: 1, age: 300 };
        const id = newId();
        await store.executions.write([ended(id, { job, keep, final: 'failed' })]);
        await store.executions.reopen(id);
        const marker = newId();
        await store.executions.write([ended(marker, { job, keep }), ended(newId(), { job, keep })]);
        await until('the other is pruned by age', async () => !(await store.executions.load(marker)));
        expect(await store.executions.load(id)).toBeDefined();
      });

      test('beyond its count the oldest of the job goes, of other jobs none', async () => {
        const job = `counted-${newId()}`;
        const all = Array.from({ length: 5 }, newId);
        const other = newId();
        await store.executions.write([ended(other, { job: `${job}-other` })]);
        for (const id of all) await store.executions.write([ended(id, { job, keep: { count: 3, age: DAY } })]);
        const kept = await Promise.all(all.map(async (id) => (await store.executions.load(id)) !== undefined));
        expect(kept).toEqual([false, false, true, true, true]);
        expect(await store.executions.load(other)).toBeDefined();
      });

      test('a batch beyond the count keeps the newest', async () => {
        const job = `bulk-${newId()}`;
        const all = Array.from({ length: 30 }, newId);
        await store.executions.write(all.map((id) => ended(id, { job, keep: { count: 3, age: DAY } })));
        const kept = await Promise.all(all.map(async (id) => (await store.executions.load(id)) !== undefined));
        expect(kept.lastIndexOf(false)).toBe(26);
        expect(kept.filter(Boolean)).toHaveLength(3);
      });

      test('what goes on is not counted among the ended', async () => {
        const job = `going-${newId()}`;
        const going = newId();
        await store.executions.write([retried(going, 1, { job, keep: { count: 1, age: DAY } })]);
        for (let n = 0; n < 3; n++)
          await store.executions.write([ended(newId(), { job, keep: { count: 1, age: DAY } })]);
        expect(await store.executions.load(going)).toBeDefined();
      });

      test('beyond its age it goes', async () => {
        const entry = ended(newId(), { keep: { count: 100, age: 200 } });
        await store.executions.write([entry]);
        await until('it is gone', async () => !(await store.executions.load(entry.id)));
      });

      test('a count of 0 keeps nothing, and still counts', async () => {
        const queue = `none-${newId()}`;
        const id = newId();
        await store.executions.recordStep(id, 'report', queue, 1, step('one'));
        expect(await store.executions.write([ended(id, { queue, keep: { count: 0, age: DAY } })])).toEqual([true]);
        expect(await store.executions.load(id)).toBeUndefined();
        expect(await store.executions.counts([queue])).toEqual({ [queue]: { completed: 1, failed: 0 } });
      });

      test('endless ages and counts are taken', async () => {
        const entry = ended(newId(), { keep: { count: Infinity, age: Infinity } });
        expect(await store.executions.write([entry])).toEqual([true]);
        expect(await store.executions.load(entry.id)).toBeDefined();
      });

      test('counts per queue what completed and failed, and nothing else', async () => {
        const [busy, idle] = [`busy-${newId()}`, `idle-${newId()}`];
        const finals = ['completed', 'completed', 'failed', 'cancelled', 'skipped'] as const;
        await store.executions.write([
          ...finals.map((final) => ended(newId(), { queue: busy, final })),
          retried(newId(), 1, { queue: busy }),
        ]);
        expect(await store.executions.counts([busy, idle])).toEqual({
          [busy]: { completed: 2, failed: 1 },
          [idle]: { completed: 0, failed: 0 },
        });
        expect(await store.executions.counts([])).toEqual({});
      });

      test('a corrupt record counts as none, and can be written again', async () => {
        const id = newId();
        await store.executions.write([retried(id, 1)]);
        await subject.corrupt(prefix, id);
        expect(await store.executions.load(id)).toBeUndefined();
        const fine = newId();
        expect(await store.executions.write([ended(id, { fence: 2 }), ended(fine)])).toEqual([true, true]);
        expect(await store.executions.load(fine)).toBeDefined();
      });
    });

    describe('facts', () => {
      test('the first value stays', async () => {
        const key = newId();
        expect(await store.facts.get(key)).toBeUndefined();
        expect(await store.facts.keep(key, 'one')).toBe('one');
        expect(await store.facts.keep(key, 'two')).toBe('one');
        expect(await store.facts.get(key)).toBe('one');
      });

      test('of many at once one wins, and all are told', async () => {
        const key = newId();
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, side) => store.facts.keep(key, `value of ${side}`)),
        );
        expect(new Set(answers).size).toBe(1);
        expect(await store.facts.get(key)).toBe(answers[0]);
      });

      test.each(ODD)('odd text %j survives', async (odd) => {
        const key = `${newId()}${odd}`;
        await store.facts.keep(key, odd);
        expect(await store.facts.get(key)).toBe(odd);
      });
    });

    describe('presence', () => {
      test('a worker is there until it leaves', async () => {
        await store.presence.beat('host:1', 60_000);
        await store.presence.beat('host:2', 60_000);
        await store.presence.beat('host:1', 60_000);
        expect((await store.presence.alive()).toSorted()).toEqual(['host:1', 'host:2']);
        await store.presence.leave('host:1');
        await store.presence.leave('never');
        expect(await store.presence.alive()).toEqual(['host:2']);
        await store.presence.leave('host:2');
      });

      test('or until its time runs out', async () => {
        await store.presence.beat('brief', 150);
        expect(await store.presence.alive()).toEqual(['brief']);
        await until('it is gone', async () => (await store.presence.alive()).length === 0);
      });
    });

    describe('queues', () => {
      const opened: { close(): Promise<unknown> }[] = [];
      const track = <T extends { close(): Promise<unknown> }>(part: T): T => {
        opened.push(part);
        return part;
      };
      const openQueue = (queue: string): EngineQueue => track(store.queues.queue(queue));
      const work = (queue: string, run: (job: Job) => Promise<unknown>, options: Partial<WorkerOptions> = {}) => {
        const worker = new Worker(
          queue,
          run,
          { ...options, ...store.queues.workerOptions(queue) } as WorkerOptions,
          store.queues.backend as never,
        );
        worker.on('error', () => undefined);
        return track(worker);
      };
      const add = async (queue: EngineQueue, job: NewJob) => {
        const { name: jobName, data, opts } = toQueueEntry(job);
        return queue.add(jobName, data, opts);
      };

      afterEach(async () => {
        for (const part of opened.splice(0).toReversed()) await part.close();
      });

      test('a job runs, with all that was put into it, and leaves nothing', async () => {
        const queue = openQueue('runs');
        const job = newJob('order:17 "x"', {
          queue: 'runs',
          payload: { text: ODD, nested: [{}, null] },
          trigger: 'catch-up',
          scheduleId: 'code:a:b',
          scheduledFor: 17,
          metadata: { [ODD[0]!]: ODD[2]! },
          overrides: { timeout: 1, retry: { max: 2, backoff: 'fixed' }, retention: { count: 0 } },
          ownId: true,
          maxAttempts: 3,
        });
        await add(queue, job);
        const got = await new Promise<StartedJob>((resolve) =>
          work('runs', async (taken) => resolve(toStartedJob(taken, 'runs'))),
        );
        expect(got).toEqual({
          id: job.id,
          job: job.job,
          queue: 'runs',
          payload: job.payload,
          trigger: 'catch-up',
          scheduleId: 'code:a:b',
          scheduledFor: 17,
          metadata: job.metadata,
          overrides: job.overrides,
          createdAt: job.createdAt,
          attempt: 1,
          maxAttempts: 3,
          fence: 1,
          crashes: 0,
          ownId: true,
        });
        await until('it is gone', async () => !(await queue.getJob(encodeJobId(job.id, 'runs'))));
      });

      test('its payload is the data that Bull Board shows', async () => {
        const queue = openQueue('shown');
        await queue.pause();
        const { id } = await add(queue, newJob('order-1', { queue: 'shown', payload: { to: 'a' } }));
        expect((await queue.getJob(id!))?.data).toEqual({ to: 'a' });
      });

      test.each([[undefined], [null], [false], [0], ['text'], [[]], ['nul \0 and half \ud800']])(
        'the payload %j comes back as it was',
        async (payload) => {
          const queue = openQueue('payloads');
          await add(queue, newJob(newId(), { queue: 'payloads', payload }));
          const got = await new Promise<unknown>((resolve) =>
            work('payloads', async (taken) => resolve(toStartedJob(taken, 'payloads').payload)),
          );
          expect(got).toEqual(payload);
        },
      );

      test('a payload of 1 MiB comes back', async () => {
        const queue = openQueue('large');
        const payload = { text: 'ü'.repeat(2 ** 19) };
        await add(queue, newJob(newId(), { queue: 'large', payload }));
        const got = await new Promise<StartedJob>((resolve) =>
          work('large', async (taken) => resolve(toStartedJob(taken, 'large'))),
        );
        expect((got.payload as typeof payload).text === payload.text).toBe(true);
      });

      test('several in one go', async () => {
        const queue = openQueue('bulk');
        const all = Array.from({ length: 50 }, () => newJob(newId(), { queue: 'bulk' }));
        await queue.addBulk(all.map(toQueueEntry));
        const seen = new Set<string>();
        work('bulk', async (taken) => seen.add(toStartedJob(taken, 'bulk').id), { concurrency: 10 });
        await until('all ran', () => seen.size === all.length);
        expect([...seen].toSorted()).toEqual(all.map(({ id }) => id).toSorted());
      });

      test('the same id twice is one job', async () => {
        const queue = openQueue('once');
        await queue.pause();
        await add(queue, newJob('same-1', { queue: 'once' }));
        await add(queue, newJob('same-1', { queue: 'once', payload: { n: 2 } }));
        expect(await queue.getJobCountByTypes('waiting', 'delayed', 'prioritized')).toBe(1);
        expect((await queue.getJob('same-1'))?.data).toEqual({ n: 1 });
      });

      test('a delayed job starts when it is due', async () => {
        const queue = openQueue('delayed');
        const started = new Promise<number>((resolve) => work('delayed', async () => resolve(Date.now())));
        const createdAt = Date.now();
        await add(queue, newJob(newId(), { queue: 'delayed', createdAt, delay: 400 }));
        expect((await started) - createdAt).toBeGreaterThanOrEqual(395);
      });

      test('a failed job is tried again, with a fence that grows, and stays as a dead letter', async () => {
        const queue = openQueue('retried');
        const { id } = await add(queue, newJob(newId(), { queue: 'retried', maxAttempts: 2 }));
        const starts: [attempt: number, fence: number][] = [];
        work('retried', async (taken) => {
          const { attempt, fence } = toStartedJob(taken, 'retried');
          starts.push([attempt, fence]);
          throw new Error('no');
        });
        await until('it failed', async () => (await (await queue.getJob(id!))?.getState()) === 'failed');
        expect(starts).toEqual([
          [1, 1],
          [2, 2],
        ]);
        const dead = await queue.getJob(id!);
        expect(toStartedJob(dead!, 'retried').maxAttempts).toBe(2);
        await dead!.retry();
        await until('it ran a third time', () => starts.length === 3);
        expect(starts[2]).toEqual([3, 3]);
      });

      test('priorities sort as ours do', async () => {
        const queue = openQueue('sorted');
        const priorities = [0, -1_000_000, 5, 1_000_000, -3, 0, 7];
        for (const priority of priorities)
          await add(queue, newJob(newId(), { queue: 'sorted', priority, prioritized: true, payload: priority }));
        const order: unknown[] = [];
        work('sorted', async (taken) => order.push(toStartedJob(taken, 'sorted').payload));
        await until('all ran', () => order.length === priorities.length);
        expect(order).toEqual(priorities.toSorted((a, b) => b - a));
      });

      test('without a prioritized queue, negative ones come last and positive ones first', async () => {
        const queue = openQueue('cheap');
        for (const priority of [0, -5, 5, 0])
          await add(queue, newJob(newId(), { queue: 'cheap', priority, payload: priority }));
        const order: unknown[] = [];
        work('cheap', async (taken) => order.push(toStartedJob(taken, 'cheap').payload));
        await until('all ran', () => order.length === 4);
        expect(order).toEqual([5, 0, 0, -5]);
      });

      test('events of other processes arrive', async () => {
        const events = track(store.queues.events('told'));
        await events.waitUntilReady();
        const told = new Promise<string>((resolve) => events.on('completed', ({ jobId }) => resolve(jobId)));
        const queue = openQueue('told');
        work('told', async () => 'done');
        // Its cursor is where the stream ends when it first asks, which nothing tells: so until one is heard.
        const heard = await until('an event is heard', async () => {
          await add(queue, newJob(newId(), { queue: 'told' }));
          return Promise.race([told, new Promise<undefined>((resolve) => setTimeout(resolve, 200))]);
        });
        expect(heard).toMatch(/^run-/);
      });

      test("BullMQ's job schedulers fire", async () => {
        const queue = openQueue('ticks');
        await queue.upsertJobScheduler('every', { every: 200 }, { name: 'tick', data: { a: 1 } });
        const fires: StartedJob[] = [];
        work('ticks', async (taken) => fires.push(toStartedJob(taken, 'ticks')));
        await until('three fires', () => fires.length >= 3);
        await queue.removeJobScheduler('every');
        expect(fires[0]).toMatchObject({ job: 'tick', trigger: 'schedule', scheduleId: 'every', maxAttempts: 0 });
        expect(new Set(fires.map(({ id }) => id)).size).toBe(fires.length);
      });

      test('a job that plain BullMQ added is read', async () => {
        const queue = openQueue('plain');
        await queue.add('resize', { w: 1 });
        const got = await new Promise<StartedJob>((resolve) =>
          work('plain', async (taken) => resolve(toStartedJob(taken, 'plain'))),
        );
        expect(got).toMatchObject({
          id: 'bullmq:plain:1',
          job: 'resize',
          payload: { w: 1 },
          maxAttempts: 0,
          ownId: false,
        });
      });

      test('a wake-up that was handed on reaches a worker that waits', async () => {
        const queue = openQueue('woken');
        const ran: string[] = [];
        const worker = work('woken', async (taken) => ran.push(taken.id!));
        await worker.waitUntilReady();
        await store.queues.handOn('woken', 0);
        await store.queues.handOn('woken', Date.now() + 60_000);
        await add(queue, newJob('after-1', { queue: 'woken' }));
        await until('it ran', () => ran.length === 1);
      });
    });

    test('stores of other prefixes share nothing', async () => {
      const other = await subject.open(randomPrefix());
      const [here, there] = [store.queues.queue('shared'), other.queues.queue('shared')];
      try {
        const id = newId();
        await store.executions.write([ended(id, { queue: 'shared' })]);
        await store.facts.keep('shared', 'here');
        await store.presence.beat('here', 60_000);
        await here.pause();
        const { name: jobName, data, opts } = toQueueEntry(newJob(id, { queue: 'shared' }));
        await here.add(jobName, data, opts);

        expect(await other.executions.load(id)).toBeUndefined();
        expect(await other.executions.counts(['shared'])).toEqual({ shared: { completed: 0, failed: 0 } });
        expect(await other.facts.keep('shared', 'there')).toBe('there');
        expect(await other.presence.alive()).toEqual([]);
        expect(await there.getJob(encodeJobId(id, 'shared'))).toBeUndefined();
        expect(await there.isPaused()).toBe(false);
        await store.presence.leave('here');
      } finally {
        await Promise.all([here.close(), there.close()]);
        await other.close();
      }
    });

    test('closes twice', async () => {
      const once = await subject.open(randomPrefix());
      await Promise.all([once.close(), once.close()]);
      await once.close();
    });
  });
}
