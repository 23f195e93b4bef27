import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Logger } from '@nestjs/common';
import { freshMemory } from '../../../../../test/support/fresh-memory.js';
import { SystemClock } from '../../common/clock.js';
import type { RegisteredJob } from '../../discovery/registered-job.js';
import type { JobReports } from '../../execution/running-job.js';
import { MemoryScheduleStore } from '../../store/memory/memory-schedule-store.js';
import { encodeSchedulerId } from '../../store/names.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { ScheduleData } from '../../store/ports/schedule-store.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { EnqueueCause } from '../../jobs/enqueue/enqueuer.js';
import { FireHandler } from './fire-handler.js';
import type { TickData } from '../tick-queue.js';

type Fire = EnqueueCause & { readonly id: string | undefined; readonly job: unknown; readonly payload: unknown };
const MADE = Date.parse('2026-03-01T10:00:00Z');
const minute = (n: number) => MADE + n * 60_000;
const repeat = { pattern: '* * * * *', tz: 'UTC' };

class MovedClock extends SystemClock {
  at = minute(1);
  override now(): number {
    return this.at;
  }
}

let clock: MovedClock;
let schedules: MemoryScheduleStore;
let enqueued: Fire[];
let skipped: [time: number, reason: string][];
let kept: unknown;
let gate: FireHandler;
let enqueue: (fire: Fire) => Promise<void>;
let known: Map<string, RegisteredJob>;
let elsewhere: DeclaredJob | undefined;

const reports: JobReports = {
  progress: async () => undefined,
  keep: async (payload) => {
    kept = JSON.parse(JSON.stringify(payload)) as unknown;
  },
};

const data = (more: Partial<ScheduleData> = {}): ScheduleData => ({
  id: 'code:tick',
  job: 'tick',
  source: 'code',
  expression: '* * * * *',
  timezone: 'UTC',
  anchor: 0,
  payload: { n: 1 },
  enabled: true,
  enabledAt: MADE,
  createdAt: MADE,
  updatedAt: MADE,
  ...more,
});
const planned: TickData = { job: 'tick', by: [{ repeat, since: MADE }] };
const tick = (at: number, more: Partial<QueuedExecution> = {}): QueuedExecution => ({
  id: `repeat:${at}`,
  job: 'tick',
  queue: '_ticks',
  payload: planned,
  trigger: 'schedule',
  scheduleId: encodeSchedulerId('code:tick'),
  scheduledFor: at,
  metadata: {},
  overrides: {},
  createdAt: MADE,
  attempt: 1,
  maxAttempts: 1,
  fence: 1,
  crashes: 0,
  ownId: false,
  ...more,
});

const take = async (started: QueuedExecution) => (await gate.begin(started, reports).outcome).kind;
const lastFire = async () => (await schedules.get('code:tick'))?.lastFire;
const runs = () => enqueued.map(({ scheduledFor, trigger }) => [scheduledFor, trigger]);

beforeEach(async () => {
  clock = new MovedClock();
  schedules = new MemoryScheduleStore(freshMemory(clock));
  enqueued = [];
  skipped = [];
  kept = undefined;
  elsewhere = undefined;
  enqueue = async (fire) => void enqueued.push(fire);
  const policy = { misfire: 'once', misfireThreshold: 60_000, maxCatchUp: 100 } as const;
  known = new Map([['tick', { definition: policy } as unknown as RegisteredJob]]);
  gate = new FireHandler({
    schedules,
    registry: { find: (job) => known.get(job) },
    fleetJobs: { find: async () => elsewhere },
    defaults: policy,
    enqueuer: { enqueue: (job, payload, { id }, cause) => enqueue({ id, job, payload, ...cause }) as Promise<never> },
    skippedFires: {
      record: async ({ times, reason }) => void skipped.push(...times.map((at): (typeof skipped)[0] => [at, reason])),
    },
    time: { sure: async () => clock.now() },
    crashDelay: 35_000,
    logger: { debug: () => undefined, warn: () => undefined } as unknown as Logger,
  });
  await schedules.put([{ data: data() }]);
});

describe('a fire on time', () => {
  it('is claimed and enqueued, with the payload as it is by then', async () => {
    await schedules.put([{ data: data({ payload: { n: 2 }, overlap: 'skip' }) }]);
    expect(await take(tick(minute(1)))).toBe('completed');
    expect(enqueued).toEqual([
      {
        id: `code:tick@${new Date(minute(1)).toISOString()}`,
        scheduleId: 'code:tick',
        scheduledFor: minute(1),
        trigger: 'schedule',
        job: 'tick',
        payload: { n: 2 },
        overlap: 'skip',
        isNew: true,
        isFire: true,
      },
    ]);
    expect(await lastFire()).toBe(minute(1));
    expect(kept).toBeUndefined();
  });

  it('runs once, however many ticks tell of it, and when the clock steps back', async () => {
    await Promise.all([take(tick(minute(1))), take(tick(minute(1))), take(tick(minute(1)))]);
    clock.at = minute(3);
    await take(tick(minute(3)));
    clock.at = minute(2);
    await take(tick(minute(2)));
    expect(runs()).toEqual([
      [minute(1), 'schedule'],
      [minute(2), 'schedule'],
      [minute(3), 'schedule'],
    ]);
  });

  it('is enqueued again by a retry, with the same id: the process may have died after the claim', async () => {
    enqueue = async () => Promise.reject(new Error('the store is away'));
    expect(await take(tick(minute(1)))).toBe('snooze');
    expect(await lastFire()).toBe(minute(1));
    enqueue = async (fire) => void enqueued.push(fire);
    clock.at = minute(30);
    expect(await take(tick(minute(1), { fence: 2 }))).toBe('completed');
    expect(enqueued).toMatchObject([{ scheduledFor: minute(1), trigger: 'schedule', isNew: false }]);
    expect(skipped).toEqual([]);
  });

  it('that was put off by a crash before the claim is still on time', async () => {
    clock.at = minute(1) + 90_000;
    await take(tick(minute(1), { fence: 2, crashes: 1 }));
    expect(runs()).toEqual([
      [minute(1), 'schedule'],
      [minute(2), 'schedule'],
    ]);
  });

  it('of a job that is not known here is put back for a process that knows it, for a while', async () => {
    known.clear();
    expect(await take(tick(minute(1)))).toBe('snooze');
    expect(await lastFire()).toBeUndefined();
    expect(await take(tick(minute(1), { fence: 6 }))).toBe('completed');
    expect(runs()).toEqual([[minute(1), 'schedule']]);
  });

  it('that a clock which is ahead has brought along waits for its time', async () => {
    const early = minute(600);
    expect(await gate.begin(tick(early), reports).outcome).toMatchObject({ kind: 'snooze', until: early });
    expect(await lastFire()).toBeUndefined();
  });

  describe('of a job that only other processes know', () => {
    const job = { name: 'tick', queue: 'low', misfire: 'skip', misfireThreshold: 0, maxCatchUp: 1 } as DeclaredJob;
    beforeEach(() => {
      known.clear();
      elsewhere = job;
    });

    it('is enqueued as they declare it', async () => {
      expect(await take(tick(minute(1)))).toBe('completed');
      expect(enqueued).toMatchObject([{ scheduledFor: minute(1), declared: job }]);
    });

    it('is judged by the policy that they declare', async () => {
      clock.at = minute(1) + 1;
      expect(await take(tick(minute(1)))).toBe('completed');
      expect([runs(), skipped]).toEqual([[], [[minute(1), 'misfire']]]);
    });

    it('goes round to a process that can tell its key, and fires without one in the end', async () => {
      elsewhere = { ...job, unique: { hasKey: true } };
      expect(await take(tick(minute(1)))).toBe('snooze');
      const hasGoneRound = { times: 20, rests: 0, since: minute(1) - 300, from: 0 };
      expect(await take(tick(minute(1), { fence: 21, givenBack: hasGoneRound }))).toBe('completed');
      // No process had its code: that is no downtime.
      expect(runs()).toEqual([[minute(1), 'schedule']]);
    });
  });
});

describe('fires that no process took', () => {
  beforeEach(() => {
    clock.at = minute(3) + 61_000;
  });

  it('are judged by the policy of the job, and the decision is kept before the claim', async () => {
    await take(tick(minute(1)));
    expect(runs()).toEqual([
      [minute(3), 'catch-up'],
      [minute(4), 'schedule'],
    ]);
    expect(skipped).toEqual([
      [minute(1), 'misfire'],
      [minute(2), 'misfire'],
    ]);
    expect(kept).toMatchObject({ plan: { to: minute(4), skipped: [minute(1), minute(2)] } });
  });

  it('are judged by the policy of the schedule where it has one', async () => {
    await schedules.put([{ data: data({ misfire: 'skip', misfireThreshold: 0 }) }]);
    await take(tick(minute(1)));
    expect(runs()).toEqual([]);
    expect(skipped.map(([time]) => time)).toEqual([1, 2, 3, 4].map(minute));
  });

  it('are not judged again by a retry, whatever time it is', async () => {
    enqueue = async () => Promise.reject(new Error('the store is away'));
    expect(await take(tick(minute(1)))).toBe('snooze');
    enqueue = async (fire) => void enqueued.push(fire);
    clock.at = minute(100);
    expect(await take(tick(minute(1), { payload: kept, fence: 2 }))).toBe('completed');
    expect(runs()).toEqual([
      [minute(3), 'catch-up'],
      [minute(4), 'schedule'],
    ]);
    expect(await lastFire()).toBe(minute(4));
  });

  it('are claimed by the retry when the process died before the claim', async () => {
    const claim = schedules.claim.bind(schedules);
    schedules.claim = async () => Promise.reject(new Error('the store is away'));
    expect(await take(tick(minute(1)))).toBe('snooze');
    expect([runs(), skipped]).toEqual([[], []]);
    schedules.claim = claim;
    clock.at = minute(100);
    await take(tick(minute(1), { payload: kept, fence: 2 }));
    expect(runs()).toHaveLength(2);
    expect(await lastFire()).toBe(minute(4));
  });

  it('are at most so many, over however long a time', async () => {
    clock.at = MADE + 3 * 365 * 86_400_000;
    await schedules.put([{ data: data({ misfire: 'all', maxCatchUp: 3 }) }]);
    await take(tick(minute(1)));
    expect(runs().map(([, trigger]) => trigger)).toEqual(['catch-up', 'catch-up', 'catch-up', 'schedule', 'schedule']);
    expect(skipped).toHaveLength(3);
  });
});

describe('a disabled schedule', () => {
  it('has a fire that was under way recorded', async () => {
    await schedules.put([{ data: data({ enabled: false }) }]);
    await take(tick(minute(1)));
    expect([runs(), skipped]).toEqual([[], [[minute(1), 'disabled']]]);
  });

  it('has missed nothing when it is enabled again', async () => {
    clock.at = minute(10);
    await schedules.put([{ data: data({ enabledAt: minute(8) + 1 }) }]);
    await take(tick(minute(2)));
    expect([runs(), skipped]).toEqual([
      [
        [minute(9), 'schedule'],
        [minute(10), 'schedule'],
      ],
      [],
    ]);
  });

  it('that is gone fires nothing', async () => {
    await schedules.remove('code:tick');
    expect(await take(tick(minute(1)))).toBe('completed');
    expect([runs(), skipped]).toEqual([[], []]);
  });
});

describe('a schedule that was changed', () => {
  const changed = data({ expression: '30 * * * *', updatedAt: minute(2) + 1 });

  it('fires by the old one until it was changed, and by the new one after that', async () => {
    await schedules.put([{ data: changed }]);
    clock.at = minute(30);
    await schedules.put([{ data: { ...changed, misfireThreshold: 3_600_000 } }]);
    await take(tick(minute(1)));
    expect(runs().map(([time]) => time)).toEqual([minute(1), minute(2), minute(30)]);
  });

  it('does not fire at a time of the old one that came after', async () => {
    await schedules.put([{ data: changed }]);
    clock.at = minute(5);
    await schedules.claim('code:tick', undefined, minute(2));
    await take(tick(minute(5)));
    expect(runs()).toEqual([]);
  });

  it('is looked for by ticks that are added by hand', async () => {
    await schedules.put([{ data: changed }]);
    const by = [
      { repeat, since: MADE, until: minute(2) + 1 },
      { repeat: { pattern: '30 * * * *', tz: 'UTC' }, since: minute(2) + 1 },
    ];
    clock.at = minute(2) + 10;
    const payload: TickData = { job: 'tick', schedule: 'code:tick', by };
    await take(tick(0, { scheduleId: undefined, scheduledFor: undefined, payload }));
    expect(runs().map(([time]) => time)).toEqual([minute(1), minute(2)]);
    expect(kept).toBeDefined();
  });
});
