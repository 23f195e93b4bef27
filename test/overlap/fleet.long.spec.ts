import { describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { defineJob, type JobHandle, type JobService } from 'nestjs-job-scheduler';
import { startProducer } from '../scenario/producer.js';
import { startChild, type TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { figure } from '../support/figure.js';
import { ceiling, scaled, WAIT } from '../support/machine.js';

interface Work {
  n: number;
  ms: number;
  only?: number;
}
const LOCK_DURATION = scaled(2_000);
/** Of a run that goes on until it is aborted, or its process dies. */
const ENDLESS = 3_600_000;

/** One run, as the processes told it. Times are milliseconds since the epoch, of one machine. */
interface Told {
  readonly id: string;
  readonly n: number;
  readonly child: number;
  readonly fence: number;
  readonly start: number;
  /** Infinity: it has not, or its process died. */
  readonly end: number;
  readonly aborted: boolean;
}

function runsOf(children: readonly TestChild[], job: string): Told[] {
  return children
    .flatMap((child, index) => {
      const events = child.events.filter((event) => event.job === job);
      return events.flatMap((event, at): Told[] => {
        if (event.event !== 'start') return [];
        const end = events.slice(at).find((each) => each.event === 'end' && each.fence === event.fence);
        const { id, n, fence, at: start } = event as unknown as { id: string; n: number; fence: number; at: number };
        return [
          { id, n, fence, start, child: index, end: (end?.at as number) ?? Infinity, aborted: end?.aborted === true },
        ];
      });
    })
    .toSorted((a, b) => a.start - b.start);
}

/** The most at once. A process that was killed has ended by then. */
function mostAtOnce(runs: readonly Told[], killedAt = Infinity, killed = -1): number {
  const ended = runs.map((run) => (run.child === killed ? { ...run, end: Math.min(run.end, killedAt) } : run));
  return Math.max(0, ...ended.map(({ start }) => ended.filter((run) => run.start <= start && start < run.end).length));
}

/**
 * Two that overlapped stay so. The end of a run may be read after the start of the next one, which another process told.
 * @param killedAt when the first of `children` was killed.
 */
async function expectMostAtOnce(
  children: readonly TestChild[],
  most: Record<string, number>,
  killedAt?: number,
): Promise<void> {
  for (const [job, count] of Object.entries(most))
    await until(`${job} had ${count} at once at most`, () => {
      expect([job, mostAtOnce(runsOf(children, job), killedAt, killedAt === undefined ? -1 : 0)]).toEqual([job, count]);
      return true;
    });
}

describe.each(sharedStores)('a fleet of three on %s', (_name, connection) => {
  let producer: { app: INestApplicationContext; jobs: JobService } | undefined;

  async function startFleet(env: Record<string, string> = {}) {
    const prefix = randomPrefix();
    const children = Array.from({ length: 3 }, () =>
      startChild('test/overlap/fleet.child.ts', { env: { STORE_URL: connection, PREFIX: prefix, ...env } }),
    );
    await Promise.all(children.map((child) => child.next('ready')));
    producer = await startProducer(connection, prefix);
    return { children, jobs: producer.jobs };
  }

  async function stopFleet(children: readonly TestChild[]): Promise<void> {
    await producer?.app.close();
    await Promise.all(children.map((child) => child.kill()));
  }

  const enqueue = (jobs: JobService, job: string, count: number, ms: number, from = 0): Promise<JobHandle[]> =>
    jobs.enqueueMany(
      Array.from({ length: count }, (_, n) => ({ job: defineJob<Work>(job), payload: { n: n + from, ms } })),
    );

  it('never runs two at once but for allow; wait runs all of them, replace the newest; a bound holds', async () => {
    const { children, jobs } = await startFleet();
    try {
      const together = [...(await enqueue(jobs, 'allow', 2, ENDLESS)), ...(await enqueue(jobs, 'two', 2, ENDLESS))];
      for (const job of ['allow', 'two']) await until('two run at once', () => mostAtOnce(runsOf(children, job)) === 2);
      const waiting = await enqueue(jobs, 'wait', 20, 40);
      const bounded = await enqueue(jobs, 'two', 15, 60);
      const skipping = await enqueue(jobs, 'skip', 6, 300);
      const replacing: JobHandle[] = [];
      for (let n = 0; n < 5; n++) {
        replacing.push(...(await enqueue(jobs, 'replace', 1, n === 4 ? 50 : ENDLESS, n)));
        await until('it runs', () => runsOf(children, 'replace').some((run) => run.n === n));
      }

      // A process that the machine keeps waiting may answer too late for one call, and yet cancel.
      for (const { id } of together)
        await until(
          'it is cancelled',
          async () => (await jobs.cancel(id)) || (await jobs.getStatus(id)) === 'cancelled',
        );
      await Promise.all([...waiting, ...bounded].map((handle) => handle.finished(WAIT)));
      const numbers = runsOf(children, 'wait').map(({ n }) => n);
      expect(numbers.toSorted((a, b) => a - b)).toEqual([...Array(20).keys()]);
      // By chance one process may have run all of them.
      await until('two processes have waited for each other', async () => {
        if (new Set(runsOf(children, 'wait').map(({ child }) => child)).size > 1) return true;
        const [more] = await enqueue(jobs, 'wait', 1, 40);
        await more!.finished(WAIT);
        return false;
      });
      await expectMostAtOnce(children, { wait: 1, two: 2 });
      expect(runsOf(children, 'two')).toHaveLength(2 + 15);

      const ends = await Promise.allSettled(skipping.map((handle) => handle.finished(WAIT)));
      const skipped = ends.filter((end) => end.status === 'rejected' && end.reason.code === 'JOB_SKIPPED');
      expect(runsOf(children, 'skip')).toHaveLength(6 - skipped.length);
      await expectMostAtOnce(children, { skip: 1 });

      await replacing[4]!.finished(WAIT);
      for (const handle of replacing.slice(0, 4)) {
        await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED', reason: 'replaced' });
      }
      await expectMostAtOnce(children, { replace: 1 });
      const replaced = runsOf(children, 'replace');
      expect(replaced.map(({ n, aborted }) => [n, aborted])).toEqual([
        [0, true], [1, true], [2, true], [3, true], [4, false],
      ]); // prettier-ignore
      const fences = runsOf(children, 'wait').map(({ fence }) => fence);
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    } finally {
      await stopFleet(children);
    }
  });

  it('scheduled runs that take longer than their interval', async () => {
    const { children } = await startFleet({ SCHEDULED: 'yes' });
    try {
      const jobs = ['allow', 'skip', 'wait', 'replace'];
      await until('each has run some times', () => jobs.every((job) => runsOf(children, job).length >= 3));
      await until('two of allow run at once', () => mostAtOnce(runsOf(children, 'allow')) > 1);
      // By their nominal times. How late one starts depends on the machine, and with it which fires find another run.
      const gaps = (job: string) => {
        const times = runsOf(children, job).map(({ n }) => n).toSorted((a, b) => a - b); // prettier-ignore
        return times.slice(1).map((n, index) => n - times[index]!);
      };
      await until('a fire was skipped', () => gaps('skip').some((gap) => gap >= 2_000));
      await until('no fire that waited is missing', () => gaps('wait').every((gap) => gap === 1_000));
      await until('all but the last are replaced', () =>
        runsOf(children, 'replace').slice(0, -1).every(({ aborted }) => aborted)); // prettier-ignore
      await expectMostAtOnce(children, { skip: 1, wait: 1, replace: 1 });
    } finally {
      await stopFleet(children);
    }
  });

  it('after kill -9 of the holder the next run starts within lockDuration + 5 s', async () => {
    const policies = ['skip', 'wait', 'replace'];
    const prefix = randomPrefix();
    const env = { STORE_URL: connection, PREFIX: prefix, LOCK_DURATION: `${LOCK_DURATION}ms` };
    const start = () => startChild('test/overlap/fleet.child.ts', { env });
    const holder = start();
    const others = [start(), start()];
    const children = [holder, ...others];
    try {
      producer = await startProducer(connection, prefix);
      const { jobs } = producer;
      await Promise.all(children.map((child) => child.next('ready')));
      // Those that land elsewhere end soon, until the process that is to be killed has one of each.
      const held = async (job: string): Promise<[Told, JobHandle]> => {
        const payload = { n: 0, ms: ENDLESS, only: holder.pid };
        const [handle] = await jobs.enqueueMany([{ job: defineJob<Work>(job), payload }]);
        const run = await until('it runs', () => runsOf(children, job).find(({ id }) => id === handle!.id));
        if (run.child === 0) return [run, handle!];
        await handle!.finished(WAIT);
        return held(job);
      };
      const first = new Map<string, Told>();
      const all: JobHandle[] = [];
      for (const job of policies) {
        const [run, handle] = await held(job);
        first.set(job, run);
        if (job === 'wait') all.push(handle);
      }
      all.push(...(await enqueue(jobs, 'wait', 1, 500, 1)));
      await until('it waits', async () => (await jobs.getQueue('default')).counts.delayed === 1);

      const killedAt = Date.now();
      await holder.kill();
      for (const job of policies) {
        const next = await until(
          'the next one runs',
          async () => {
            // Those that come before the lock is free are skipped, or wait.
            if (job !== 'wait') await enqueue(jobs, job, 1, 500, 1);
            return runsOf(children, job).find((run) => run.start > killedAt);
          },
          { every: 300 },
        );
        figure(`${_name}, ${job}: the next run started ${next.start - killedAt} ms after kill -9`);
        expect(next.start - killedAt).toBeLessThan(LOCK_DURATION + ceiling(60_000));
        expect(next.fence).toBeGreaterThan(first.get(job)!.fence);
        await expectMostAtOnce(children, { [job]: 1 }, killedAt);
      }
      // Neither who waited nor who was killed is lost.
      for (const handle of all) await handle.finished(WAIT);
      await expectMostAtOnce(children, { wait: 1 }, killedAt);
    } finally {
      await stopFleet(children);
    }
  });
});
