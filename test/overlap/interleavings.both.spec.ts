/** Random interleavings: whatever happens to runs, never too many are at once, and none is lost. */
import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import {
  JobSnoozeError,
  type JobContext,
  type JobHandle,
  type JobOptions,
  type JobService,
} from 'nestjs-job-scheduler';
import { Random } from '../support/random.js';
import { randomPrefix } from '../support/prefix.js';
import { scaled, WAIT } from '../support/machine.js';
import { inSuite } from '../support/suite.js';
import { until } from '../support/until.js';
import { closeApps, startApp } from './kit.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

interface Work {
  key: string;
  ms: number;
  ends: 'well' | 'throws' | 'throws once' | 'snoozes once';
}

const byKey = (work: Work) => work.key;
const JOBS: Record<string, { options: JobOptions; most: number; keyed: boolean; mayEnd: string[] }> = {
  wait: { options: { overlap: 'wait' }, most: 1, keyed: false, mayEnd: ['completed', 'failed'] },
  'wait by key': {
    options: { overlap: { policy: 'wait', key: byKey } },
    most: 1,
    keyed: true,
    mayEnd: ['completed', 'failed'],
  },
  skip: { options: { overlap: 'skip' }, most: 1, keyed: false, mayEnd: ['completed', 'failed', 'skipped'] },
  replace: { options: { overlap: 'replace' }, most: 1, keyed: false, mayEnd: ['completed', 'failed', 'cancelled'] },
  three: { options: { concurrency: 3 }, most: 3, keyed: false, mayEnd: ['completed', 'failed'] },
  'by key, two in all': {
    options: { overlap: { policy: 'wait', key: byKey }, concurrency: 2 },
    most: 1,
    keyed: true,
    mayEnd: ['completed', 'failed'],
  },
};

/** What runs, by job and key; throws in the handler would only be retried, so that faults are kept. */
class Watch {
  readonly faults: string[] = [];
  readonly fences = new Map<string, number>();
  private readonly going = new Map<string, number>();

  async run(name: string, work: Work, ctx: JobContext): Promise<void> {
    const { most, keyed } = JOBS[name]!;
    const place = keyed ? `${name}:${work.key}` : name;
    const count = (this.going.get(place) ?? 0) + 1;
    this.going.set(place, count);
    if (count > most) this.faults.push(`${count} of ${place} at once`);
    if (most === 1 && ctx.fence <= (this.fences.get(place) ?? 0)) this.faults.push(`fence of ${place} went back`);
    this.fences.set(place, ctx.fence);
    try {
      await pause(work.ms, undefined, { signal: ctx.signal }).catch(() => undefined);
      if (work.ends === 'throws' || (work.ends === 'throws once' && ctx.attempt === 1)) throw new Error(work.ends);
      if (work.ends === 'snoozes once' && !this.snoozed.has(ctx.id)) {
        this.snoozed.add(ctx.id);
        throw new JobSnoozeError(5);
      }
    } finally {
      this.going.set(place, this.going.get(place)! - 1);
    }
  }

  private readonly snoozed = new Set<string>();
}

async function checkPlay(seed: number, connection: string, executions: number): Promise<void> {
  const random = new Random(seed);
  const watch = new Watch();
  const prefix = randomPrefix();
  const apps: JobService[] = [];
  for (let n = 0; n < 2; n++) {
    const jobs = await startApp({ connection, prefix, concurrency: 4 });
    for (const [name, { options }] of Object.entries(JOBS)) {
      const retry = { max: 1, delay: 5, backoff: 'fixed' } as const;
      jobs.register({ timeout: scaled(60_000), ...options, name, retry }, (work, ctx) =>
        watch.run(name, work as Work, ctx),
      );
    }
    apps.push(jobs);
  }

  const cancelled = new Set<string>();
  const handles: JobHandle[] = [];
  for (let n = 0; n < executions; n++) {
    const work: Work = {
      key: random.pick(['a', 'b', 'c']),
      ms: random.below(15),
      ends: random.pick(['well', 'well', 'well', 'throws', 'throws once', 'snoozes once'] as const),
    };
    const handle = await random.pick(apps).enqueue(random.pick(Object.keys(JOBS)), work);
    handles.push(handle);
    if (random.chance(0.1)) {
      const { id } = random.pick(handles);
      if (await random.pick(apps).cancel(id)) cancelled.add(id);
    }
    if (random.chance(0.2)) await pause(random.below(10));
  }

  for (const { id, job } of handles) {
    const status = await until(`"${job}" ${id} has ended`, async () => {
      const seen = await apps[0]!.getStatus(id);
      return seen !== 'pending' && seen !== 'running' && seen !== 'retrying' && seen;
    });
    const mayEnd = cancelled.has(id) ? ['cancelled'] : JOBS[job]!.mayEnd;
    if (!mayEnd.includes(status)) watch.faults.push(`"${job}" ${id} ended as ${status}`);
  }
  expect(watch.faults).toEqual([]);
  await closeApps();
}

describe.each(inSuite(storesOfSuite(everyStore), everyStore))('random interleavings on %s', (name, connection) => {
  const [seeds, executions] = name === 'memory:' ? [inSuite(2, 8), 150] : [inSuite(1, 2), inSuite(60, 120)];
  const contenders = inSuite(20, 50);

  it('keep their bounds and lose nothing', async () => {
    for (let n = 0; n < seeds; n++) {
      const seed = Math.floor(Math.random() * 2 ** 32);
      try {
        await checkPlay(seed, connection, executions);
      } catch (error) {
        throw new Error(`With seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  it(`${contenders} contenders never overlap, and all run`, async () => {
    const prefix = randomPrefix();
    const apps: JobService[] = [];
    let going = 0;
    const ran = new Set<number>();
    const faults: string[] = [];
    for (let n = 0; n < 2; n++) {
      const jobs = await startApp({ connection, prefix, concurrency: contenders / 2 });
      jobs.register({ name: 'contend', overlap: 'wait', retry: 0 }, async (which) => {
        if (++going > 1) faults.push(`${going} at once`);
        await pause(2);
        going--;
        ran.add(which as number);
      });
      apps.push(jobs);
    }
    const handles = await apps[0]!.enqueueMany(
      Array.from({ length: contenders }, (_, n) => ({ job: 'contend', payload: n })),
    );
    await Promise.all(handles.map((handle) => handle.finished(WAIT)));
    expect(faults).toEqual([]);
    expect(ran.size).toBe(contenders);
  });
});
