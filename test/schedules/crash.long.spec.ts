/** The reconciler dies at each of its writes, before it is done and after: the next one makes it good. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SystemClock } from '#src/common/clock.js';
import { firesBetween } from '#src/cron/fires-between.js';
import type { JobDefinition } from '#src/definition/job-definition.js';
import { createRepeatStrategy } from '#src/cron/schedule-pattern.js';
import { parseSchedule } from '#src/cron/schedule.js';
import { Declarer } from '#src/scheduling/sync/declarer.js';
import { Reconciler } from '#src/scheduling/sync/reconciler.js';
import { SchedulerSync } from '#src/scheduling/sync/scheduler-sync.js';
import { toStretch } from '#src/scheduling/stored-repeat.js';
import type { TickData } from '#src/scheduling/tick-queue.js';
import type { DeclaredJob } from '#src/store/ports/declared-job.js';
import { openMemoryStore } from '#src/store/memory/memory-store.js';
import { decodeSchedulerId, TICK_QUEUE } from '#src/store/names.js';
import type { EngineQueue, Store } from '#src/store/ports/ports.js';
import { StoreTime } from '#src/store/store-time.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);
const logger = new Logger();
const clock = new SystemClock();
const time = new StoreTime(
  async () => clock.now(),
  clock,
  () => undefined,
);
const strategy = createRepeatStrategy(() => undefined);

const WRITES: ReadonlySet<PropertyKey> = new Set(['put', 'remove', 'upsertJobScheduler', 'add', 'removeJobScheduler']);
class Crash extends Error {}

/** Dies at the n-th write, and does nothing any more. */
class Fault {
  private count = 0;
  constructor(
    private readonly at: number,
    private readonly when: 'before' | 'after',
  ) {}

  on<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
        return WRITES.has(name) ? (...args: unknown[]) => this.write(() => call(...args)) : call;
      },
    });
  }

  private async write(call: () => unknown): Promise<unknown> {
    const n = ++this.count;
    if (n > this.at || (n === this.at && this.when === 'before')) throw new Crash();
    const answer = await call();
    if (n === this.at) throw new Crash();
    return answer;
  }
}

const define = (name: string, schedule: string): JobDefinition =>
  ({
    name,
    enabled: true,
    schedules: [{ id: `code:${name}`, spec: parseSchedule(schedule, 'UTC'), payload: undefined }],
  }) as unknown as JobDefinition;

const OLD = [define('changed', '* * * * * *'), define('same', '* * * * * *'), define('dropped', '* * * * * *')];
const NEW = [define('changed', '0 0 1 1 *'), define('same', '* * * * * *'), define('new', 'every 7m')];

interface Stage {
  readonly store: Store;
  readonly ticks: EngineQueue;
}

function reconciler({ store, ticks }: Stage, fault?: Fault): Reconciler {
  const schedules = fault ? fault.on(store.schedules) : store.schedules;
  const queue = fault ? fault.on(ticks) : ticks;
  const seen = { queues: store.queues, markers: store.markers, schedules };
  const entries = new SchedulerSync({ require: () => seen as Store }, { open: () => queue }, clock);
  const declarer = new Declarer({
    schedules,
    time,
    app: undefined,
    schedulesToo: true,
    describe: ({ name }) => ({ name }) as DeclaredJob,
  });
  return new Reconciler({
    store: seen,
    declarer,
    entries,
    ticks: queue,
    time,
    logger,
    // The old version is not seen any more by the time of the deploy.
    liveFor: 500,
    grace: 60_000,
    onRepair: () => undefined,
  });
}

async function reconcile(stage: Stage, definitions: readonly JobDefinition[], fault?: Fault): Promise<void> {
  const each = reconciler(stage, fault);
  await each.declare(definitions);
  await each.reconcile(definitions);
}

const POINTS = [1, 2, 3, 4, 5, 6].flatMap((at) => (['before', 'after'] as const).map((when) => ({ at, when })));

describe('a reconciler that dies', () => {
  const stages: Stage[] = [];
  beforeAll(async () => {
    for (const _ of POINTS) {
      const store = openMemoryStore({ prefix: randomPrefix(), clock });
      const stage = { store, ticks: store.queues.queue(TICK_QUEUE, { settings: { repeatStrategy: strategy } }) };
      stages.push(stage);
      await reconcile(stage, OLD);
    }
    const madeAt = Date.now();
    await until('fires of all are overdue', () => Date.now() > madeAt + 1_500);
  });
  afterAll(async () => {
    for (const { ticks, store } of stages) {
      await ticks.close();
      await store.close();
    }
  });

  it.each(POINTS.map((point, index) => ({ ...point, index })))('$when write $at', async ({ at, when, index }) => {
    const stage = stages[index]!;
    const { store, ticks } = stage;
    const outcome = await reconcile(stage, NEW, new Fault(at, when)).then(
      () => 'done',
      (error: unknown) => error,
    );
    // The last point may lie behind the last write.
    expect(outcome instanceof Crash || at === 6).toBe(true);
    await reconcile(stage, NEW);

    const records = await store.schedules.all();
    expect(records.map(({ id, expression }) => [id, expression])).toEqual([
      ['code:changed', '0 0 1 1 *'],
      ['code:new', 'every 7m'],
      ['code:same', '* * * * * *'],
    ]);
    const entries = await store.queues.schedulers(TICK_QUEUE);
    const complete = entries.filter(({ hasJob }) => hasJob).map(({ key }) => decodeSchedulerId(key));
    expect(complete.toSorted()).toEqual(records.map(({ id }) => id));
    expect(entries.find(({ key }) => decodeSchedulerId(key) === 'code:changed')?.pattern).toBe('0 0 1 1 *');

    // A tick is on its way that makes the gate look for what was due by the old schedule, until it was changed.
    const { updatedAt, enabledAt } = records[0]!;
    const due = firesBetween(
      [toStretch({ repeat: { pattern: '* * * * * *', tz: 'UTC' }, since: enabledAt })],
      enabledAt,
      updatedAt,
      100,
    );
    expect(due.times.length).toBeGreaterThan(0);
    const jobs = await ticks.getJobs(['wait']);
    const found = jobs.map(({ data }) => data as TickData).filter(({ job }) => job === 'changed');
    expect(found.length).toBeGreaterThan(0);
    for (const { by } of found) {
      expect(firesBetween(by!.map(toStretch), enabledAt, Date.now(), 100).times).toEqual(due.times);
    }
  });
});
