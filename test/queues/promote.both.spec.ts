/** Executions that wait for their time: when that is, and how they run before it. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobHistory, JobSchedulerModule, JobService, JobSnoozeError } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const HOUR = 3_600_000;

const apps = closedAfterEach<INestApplicationContext>();

test.each(storesOfSuite(everyStore))(
  'on %s, executions that wait are promoted, and run once',
  async (_, connection) => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), autoStart: false })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    apps.push(app);
    const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
    const seen = new Set<string>();
    const again = (id: string) => seen.has(id) || !seen.add(id);
    jobs.register({ name: 'works' }, () => 'done');
    jobs.register({ name: 'retries', retry: { max: 1, delay: '2h', maxDelay: '2h', jitter: 0 } }, (__, ctx) => {
      if (!again(ctx.id)) throw new Error('no');
      return ctx.attempt;
    });
    jobs.register({ name: 'snoozes' }, (__, ctx) => {
      if (!again(ctx.id)) throw new JobSnoozeError('3h');
      return ctx.attempt;
    });
    await jobs.start();
    const from = Date.now();
    const delayed = await jobs.enqueueIn('works', undefined, '1h');
    const retried = await jobs.enqueue('retries', undefined);
    const snoozed = await jobs.enqueue('snoozes', undefined);
    const handles = [delayed, retried, snoozed];
    const runAt = async (id: string) => (await history.getExecution(id))?.runAt?.getTime();
    const expected = [1, 2, 3].map((hours) => hours * HOUR);
    for (const [n, { id }] of handles.entries()) {
      const at = await until('it waits for its time', () => runAt(id));
      expect(at).toBeGreaterThanOrEqual(from + expected[n]!);
      expect(at).toBeLessThan(Date.now() + expected[n]! + 1);
    }
    const pending = (await history.find({ status: 'pending' })).items;
    expect(new Map(pending.map((each) => [each.id, each.runAt?.getTime()]))).toEqual(
      new Map(await Promise.all([delayed, snoozed].map(async ({ id }) => [id, await runAt(id)] as const))),
    );
    expect((await history.find({ status: 'retrying' })).items).toMatchObject([
      { id: retried.id, runAt: new Date((await runAt(retried.id))!) },
    ]);

    for (const { id } of handles) expect(await jobs.promote(id)).toMatchObject({ id, duplicate: false });
    expect(await Promise.all(handles.map((handle) => handle.finished()))).toEqual(['done', 2, 1]);
    for (const { id } of handles) {
      expect(await runAt(id)).toBeUndefined();
      await expect(jobs.promote(id)).rejects.toMatchObject({ code: 'EXECUTION_NOT_DELAYED' });
    }
    await expect(jobs.promote('never')).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN' });
    await jobs.stop();
    const waiting = await jobs.enqueue('works', undefined);
    expect(await runAt(waiting.id)).toBeUndefined();
    await expect(jobs.promote(waiting.id)).rejects.toMatchObject({ code: 'EXECUTION_NOT_DELAYED' });
  },
);
