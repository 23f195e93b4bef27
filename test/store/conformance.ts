/** What every store must do. Each spec file of this folder runs it on one store. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toQueueEntry } from '#src/store/codecs/job-envelope.js';
import { encodeJobId } from '#src/store/names.js';
import type { Store } from '#src/store/ports/ports.js';
import { randomPrefix } from '../support/prefix.js';
import { describeBounds } from './conformance/bounds.js';
import { describeDeadLetters } from './conformance/dead-letters.js';
import { describeEvents } from './conformance/events.js';
import { describeExecutions } from './conformance/executions.js';
import { describeMarkersAndHeartbeats } from './conformance/markers-and-heartbeats.js';
import { ended, newJob } from './conformance/fixtures.js';
import type { Subject } from './conformance/fixtures.js';
import { describeHistory } from './conformance/history.js';
import { describeLargePages } from './conformance/large-pages.js';
import { describeLeftOver } from './conformance/left-over.js';
import { describeLocks } from './conformance/locks.js';
import { describeLogs } from './conformance/logs.js';
import { describePastEnds } from './conformance/past-ends.js';
import { describeQueues } from './conformance/queues.js';
import { describeSchedulers } from './conformance/schedulers.js';
import { describeSignals } from './conformance/signals.js';
import { describeSchedules, schedule } from './conformance/schedules.js';

export interface StoreUnderTest {
  readonly kind: Store['kind'];
  readonly ordered: boolean;
  /** Opens the store under a prefix. Stores that cannot share what they keep are opened once. */
  open(prefix: string): Promise<Store>;
  /** Puts something that cannot be read in the place of an execution's record. */
  corrupt(prefix: string, id: string, store: Store): Promise<void>;
  /** Puts something that cannot be read in the place of a schedule's record. */
  corruptSchedule(prefix: string, id: string, store: Store): Promise<void>;
  /** How much is stored of ended executions of a job, or of the schedule that made them: records, or what stands in indexes. */
  left(prefix: string, job: string, scheduleId: string, store: Store): Promise<number>;
  /** Frees what `open` used, after the stores are closed. */
  release?(): Promise<void>;
}

export function describeStore(name: string, subject: StoreUnderTest): void {
  describe(`the ${name} store`, () => {
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

    const shared: Subject = {
      prefix,
      newId,
      get store() {
        return store;
      },
      corrupt: (id) => subject.corrupt(prefix, id, store),
      corruptSchedule: (id) => subject.corruptSchedule(prefix, id, store),
      left: (job, scheduleId) => subject.left(prefix, job, scheduleId, store),
    };
    describeExecutions(shared);
    describeHistory(shared);
    describeMarkersAndHeartbeats(shared);
    describeQueues(shared);
    describeEvents(shared);
    describePastEnds(shared);
    describeLeftOver(shared);
    describeBounds(shared);
    describeDeadLetters(shared);
    describeLargePages(shared);
    describeLocks(shared);
    describeLogs(shared);
    describeSignals(shared);
    describeSchedules(shared);
    describeSchedulers(shared);

    test('stores of other prefixes share nothing', async () => {
      const other = await subject.open(randomPrefix());
      const [here, there] = [store.queues.queue('shared'), other.queues.queue('shared')];
      try {
        const id = newId();
        await store.executions.write([ended(id, { queue: 'shared' })]);
        await store.markers.keep('shared', 'here');
        await store.heartbeats.beat('here', 60_000);
        await store.schedules.put([{ data: schedule('shared') }]);
        await here.pause();
        const { name: jobName, data, opts } = toQueueEntry(newJob(id, { queue: 'shared' }));
        await here.add(jobName, data, opts);

        expect(await other.executions.load(id)).toBeUndefined();
        expect(await other.executions.counts(['shared'])).toEqual({ shared: { completed: 0, failed: 0 } });
        expect(await other.markers.keep('shared', 'there')).toBe('there');
        expect(await other.heartbeats.alive()).toEqual([]);
        expect(await other.schedules.all()).toEqual([]);
        expect(await there.getJob(encodeJobId(id, 'shared'))).toBeUndefined();
        expect(await there.isPaused()).toBe(false);
        await store.heartbeats.leave('here');
      } finally {
        await Promise.all([here.close(), there.close()]);
        await other.close();
      }
    });

    test('closes twice', async () => {
      const once = await subject.open(randomPrefix());
      await Promise.all([once.close(), once.close()]);
      await expect(once.close()).resolves.toBeUndefined();
    });
  });
}
