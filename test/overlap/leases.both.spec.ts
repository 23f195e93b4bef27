import { describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { JobSchedulerModule, JobService, JobSnoozeError, ScheduleService } from 'nestjs-job-scheduler';
import { SystemClock } from '#src/common/clock.js';
import { encodeJobId, runLockKey } from '#src/store/names.js';
import { openStore } from '#src/store/open-store.js';
import { randomPrefix } from '../support/prefix.js';
import { scaled, WAIT } from '../support/machine.js';
import { until } from '../support/until.js';
import { Stage, startApp } from './kit.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

const clock = new SystemClock();

describe.each(storesOfSuite(everyStore))('leases on %s', (_name, connection) => {
  it('are renewed; one that is lost aborts its run, which waits for its turn again', async () => {
    const prefix = randomPrefix();
    const jobs = await startApp({ connection, prefix, lockDuration: scaled(1_000) });
    const store = await openStore({ connection, prefix, clock });
    try {
      const stage = new Stage();
      stage.register(jobs, 'held', { overlap: 'wait' });
      const first = await jobs.enqueue('held', 1);
      const run = await until('it runs', () => stage.runs[0]);
      const second = await jobs.enqueue('held', 2);
      const key = runLockKey('job', 'held');
      const [lease] = await store.locks.holders(key);
      expect(lease).toMatchObject({ fence: run.ctx.fence });
      const longAfter = Date.now() + scaled(1_500);
      await until(
        'its lease has been renewed',
        async () => Date.now() > longAfter && (await store.locks.holders(key))[0],
      );
      expect(stage.runs).toHaveLength(1);

      await store.locks.release(key, lease!.holder);
      await until('it is aborted', () => run.ended);
      expect(run.ctx.signal.reason).toMatchObject({ code: 'JOB_LOCK_LOST' });
      for (const n of [1, 2]) (await until('the next one runs', () => stage.runs[n])).end();
      await Promise.all([first.finished(WAIT), second.finished(WAIT)]);
      const again = stage.runs.findLast(({ id }) => id === first.id)!;
      expect(again.ctx.attempt).toBe(1);
      expect(again.ctx.fence).toBeGreaterThan(run.ctx.fence);
      expect(stage.most).toBe(1);
      await until('nothing is left', async () => (await store.locks.holders(key)).length === 0);
    } finally {
      await store.close();
    }
  });

  it('skip is for first starts: one that comes back from a snooze waits', async () => {
    const prefix = randomPrefix();
    const jobs = await startApp({ connection, prefix });
    const store = await openStore({ connection, prefix, clock });
    const queue = store.queues.queue('default');
    try {
      const stage = new Stage();
      stage.register(jobs, 'naps', { overlap: 'skip' });
      const first = await jobs.enqueue('naps', 1);
      (await until('it runs', () => stage.runs[0])).end(new JobSnoozeError('1h'));
      await until('it snoozes', async () => (await jobs.getQueue('default')).counts.delayed === 1);
      const second = await jobs.enqueue('naps', 2);
      const run = await until('the second runs', () => stage.runs[1]);
      await jobs.promote(first.id);
      await until('the first was back, and waits', async () => {
        const job = await queue.getJob(encodeJobId(first.id, 'default'));
        return job?.attemptsStarted === 2 && (await job.isDelayed());
      });
      run.end();
      (await until('it runs again', () => stage.runs[2])).end();
      expect(await first.finished(WAIT)).toBe(first.id);
      expect(await second.finished(WAIT)).toBe(second.id);
      expect(stage.most).toBe(1);
    } finally {
      await queue.close();
      await store.close();
    }
  });

  it('without history, a skipped run and one that is replaced are told from failures', async () => {
    const jobs = await startApp({ connection, history: false });
    const stage = new Stage();
    stage.register(jobs, 'once', { overlap: 'skip' });
    stage.register(jobs, 'newest', { overlap: 'replace' });
    await jobs.enqueue('once');
    await until('it runs', () => stage.runs.length === 1);
    const skipped = await jobs.enqueueIn('once', undefined, 200);
    await expect(skipped.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_SKIPPED', reason: 'overlap' });
    const replaced = await jobs.enqueue('newest');
    await until('it runs', () => stage.runs.length === 2);
    await Promise.all([
      expect(replaced.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED', reason: 'replaced' }),
      jobs.enqueue('newest'),
    ]);
    for (const run of stage.runs) run.end();
  });
});

describe('schedules', () => {
  it('with a policy of its own, a schedule made at run time locks by its id; a fire of a unique job is skipped', async () => {
    const prefix = randomPrefix();
    @Module({ imports: [JobSchedulerModule.forRoot({ connection: 'memory:', prefix, shutdownTimeout: 500 })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    const store = await openStore({ connection: 'memory:', prefix, clock });
    try {
      const [jobs, schedules] = [app.get(JobService), app.get(ScheduleService)];
      const [stage, unique] = [new Stage(), new Stage()];
      stage.register(jobs, 'beside');
      unique.register(jobs, 'unique', { unique: true });
      const { id } = await schedules.create({ job: 'beside', every: '1s', overlap: 'skip' });
      const other = await schedules.create({ job: 'unique', every: '1s' });
      const fire = await until('it fires', () => stage.runs[0]);
      expect(fire.ctx.scheduleId).toBe(id);
      // Other runs of the job are none of its business, and it is none of theirs.
      await jobs.enqueue('beside');
      await until('it runs beside', () => stage.going.length === 2);
      const run = await until('the unique one fires', () => unique.runs[0]);

      const skipped = async (scheduleId: string, after: Date) =>
        store.executions.load(`${scheduleId}@${new Date(after.getTime() + 1_000).toISOString()}`);
      const overlapped = await until('the next fire is skipped', () => skipped(id, fire.ctx.scheduledFor!));
      expect(overlapped).toMatchObject({
        final: 'skipped',
        head: { reason: 'overlap', trigger: 'schedule' },
        attempts: [],
      });
      const doubled = await until('so is that of the unique job', () => skipped(other.id, run.ctx.scheduledFor!));
      expect(doubled).toMatchObject({ final: 'skipped', head: { reason: 'unique' } });
      const byHand = await schedules.runNow(id);
      await expect(byHand.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_SKIPPED', reason: 'overlap' });
      expect(unique.runs).toHaveLength(1);
    } finally {
      await store.close();
      await app.close();
    }
  });
});
