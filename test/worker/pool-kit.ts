/** Pools, stores and queues for the tests of this folder. All that is opened is closed after each test. */
import { afterEach, describe } from '@jest/globals';
import { SystemClock } from '#src/common/clock.js';
import type { QueueSettings } from '#src/options/resolved-options.js';
import { type JobToAdd, toQueueEntry } from '#src/store/codecs/job-envelope.js';
import { openStore } from '#src/store/open-store.js';
import type { EngineQueue, Store } from '#src/store/ports/ports.js';
import { WorkerPool, type WorkerPoolOptions } from '#src/worker/worker-pool.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import type { ScriptRunner } from './script-runner.js';

export const clock = new SystemClock();

/** Runs the same tests on each of the stores. */
export function describeOnEachStore(
  what: string,
  tests: (url: string, kind: Store['kind']) => void,
  stores = sharedStores,
): void {
  describe.each(stores)(`${what} on %s`, (name, url) => {
    tests(url, name === 'Redis' ? 'redis' : 'postgres');
  });
}

let closers: (() => Promise<void>)[] = [];

/** Closes in the order opposite to opening. */
export function atEnd(close: () => Promise<void>): void {
  closers.push(close);
}

afterEach(async () => {
  const all = closers.toReversed();
  closers = [];
  for (const close of all) await close();
});

export async function openTestStore(url: string, prefix = randomPrefix()): Promise<Store> {
  const store = await openStore({ connection: url, prefix, clock });
  atEnd(() => store.close());
  return store;
}

/** `{ critical: 6 }`, or with a bound: `{ critical: [6, 2] }`. */
export function queues(weights: Record<string, number | readonly [number, number]>): Map<string, QueueSettings> {
  return new Map(
    Object.entries(weights).map(([name, given]) => {
      const [weight, max] = typeof given === 'number' ? [given, Infinity] : given;
      return [name, { name, weight, max }];
    }),
  );
}

export type PoolChoice = Partial<Omit<WorkerPoolOptions, 'store' | 'runner' | 'queues'>>;

/** A pool that is stopped at the end of the test. Its errors are kept. */
export function makePool(
  store: Store,
  runner: ScriptRunner,
  settings: Map<string, QueueSettings>,
  options: PoolChoice = {},
): { pool: WorkerPool; errors: Error[]; grants: string[] } {
  const errors: Error[] = [];
  const grants: string[] = [];
  const pool = new WorkerPool({
    order: 'weighted',
    concurrency: 10,
    lockDuration: 30_000,
    workerId: 'test',
    telemetry: undefined,
    clock,
    onError: (error) => errors.push(error),
    onGrant: (queue) => grants.push(queue),
    ...options,
    store,
    runner,
    queues: settings,
  });
  atEnd(() => pool.stop(0));
  return { pool, errors, grants };
}

const producers = new WeakMap<Store, Map<string, EngineQueue>>();

export function queueOf(store: Store, name: string): EngineQueue {
  const known = producers.get(store) ?? new Map<string, EngineQueue>();
  producers.set(store, known);
  let queue = known.get(name);
  if (!queue) {
    queue = store.queues.queue(name);
    known.set(name, queue);
    const made = queue;
    atEnd(() => made.close());
  }
  return queue;
}

let made = 0;

export function newJob(queue: string, more: Partial<JobToAdd> = {}): JobToAdd {
  return {
    id: `job-${++made}`,
    job: 'test',
    queue,
    payload: {},
    trigger: 'enqueue',
    ownId: false,
    createdAt: Date.now(),
    delay: 0,
    maxAttempts: 4,
    priority: 0,
    prioritized: false,
    keepFailed: 86_400_000,
    ...more,
  };
}

/** Puts one job into its queue; gives its id. */
export async function enqueue(store: Store, queue: string, more: Partial<JobToAdd> = {}): Promise<string> {
  const job = newJob(queue, more);
  const { name, data, opts } = toQueueEntry(job);
  await queueOf(store, queue).add(name, data, opts);
  return job.id;
}

export async function enqueueMany(
  store: Store,
  queue: string,
  count: number,
  more: Partial<JobToAdd> = {},
): Promise<void> {
  const entries = Array.from({ length: count }, () => toQueueEntry(newJob(queue, more)));
  await queueOf(store, queue).addBulk(entries.map(({ name, data, opts }) => ({ name, data, opts })));
}

export function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
