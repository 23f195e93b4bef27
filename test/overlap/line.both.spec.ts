/** Who waits behind an execution that was removed by BullMQ's own means. */
import type { Canceller } from '#src/jobs/cancel/canceller.js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '#src/common/clock.js';
import { QueuedRuns } from '#src/execution/overlap/queued-runs.js';
import { RunLeases } from '#src/execution/overlap/run-leases.js';
import { OverlapGuard } from '#src/execution/overlap/overlap-guard.js';
import { LeaseKeeper } from '#src/execution/overlap/lease-keeper.js';
import { encodeJobId, runLockKey } from '#src/store/names.js';
import { openStore } from '#src/store/open-store.js';
import type { JobDefinition } from '#src/definition/job-definition.js';
import type { EngineQueue, Store } from '#src/store/ports/ports.js';
import type { QueuedExecution } from '#src/store/codecs/queued-execution.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

const clock = new SystemClock();
const TTL = 30_000;
const JOB = 'keeps order';
const definition = { name: JOB, overlap: { policy: 'wait', key: undefined }, concurrency: undefined } as JobDefinition;

const opened: (Store | EngineQueue)[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

async function openLine(connection: string) {
  const store = await openStore({ connection, prefix: randomPrefix(), clock });
  const queue = store.queues.queue('default');
  opened.push(store, queue);
  const runs = new QueuedRuns({ get: () => queue } as never, { cancel: async () => false } as unknown as Canceller);
  const leases = new RunLeases(() => store.locks, runs, clock, TTL);
  const keeper = new LeaseKeeper(() => store.locks, clock, TTL);
  const turn = (id: string) =>
    new OverlapGuard(
      { leases, keeper, shutdownTimeout: 1_000 },
      definition,
      { id, queue: 'default', job: JOB, fence: 1, payload: {}, overrides: {} } as QueuedExecution,
      () => undefined,
    );
  const add = (id: string) => queue.add(JOB, {}, { jobId: encodeJobId(id, 'default'), delay: 3_600_000 });
  const park = async (id: string) => {
    await add(id);
    return turn(id).acquire((ask) => ask());
  };
  // Its process is killed: its lease is neither renewed nor released.
  await add('a1');
  const key = runLockKey('job', JOB);
  await store.locks.acquire(key, 'default:a1', { ttl: TTL });
  const endLease = async () => {
    await store.locks.extend(key, 'default:a1', 1);
    await until('the lease has ended', async () => (await store.locks.holders(key)).length === 0);
  };
  const leave = (id: string) => queue.remove(encodeJobId(id, 'default'));
  return { turn, park, leave, endLease };
}

describe.each(storesOfSuite(everyStore))('the line on %s', (_name, connection) => {
  it('the next one runs at its first look after the lease has ended, though those before it are gone', async () => {
    const { turn, park, leave, endLease } = await openLine(connection);
    for (const id of ['b1', 'c1']) expect(await park(id)).toMatchObject({ kind: 'parked' });
    const parked = await park('d1');
    await leave('b1');
    await leave('c1');
    // It looks again when the lease has ended, as the first one does.
    expect((parked as { delay: number }).delay).toBeLessThanOrEqual(TTL + 250);
    await endLease();
    const next = turn('d1');
    expect(await next.acquire((ask) => ask())).toBeUndefined();
    await next.release({ kind: 'completed', result: undefined, write: undefined }, true);
  });

  it('one that still waits before it keeps its place', async () => {
    const { turn, park, endLease } = await openLine(connection);
    for (const id of ['b1', 'c1']) await park(id);
    await endLease();
    expect(await turn('c1').acquire((ask) => ask())).toMatchObject({ kind: 'parked' });
    const first = turn('b1');
    expect(await first.acquire((ask) => ask())).toBeUndefined();
    await first.release({ kind: 'completed', result: undefined, write: undefined }, true);
  });
});
