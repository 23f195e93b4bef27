/** What is stored of a payload: what it was at the call, as JSON gives it back. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, ScheduleService } from 'nestjs-job-scheduler';
import { z } from 'zod';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();
const stores = storesOfSuite(everyStore);

async function start(connection: string, jobsOf: (jobs: JobService) => void) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), autoStart: false })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  const jobs = app.get(JobService);
  jobsOf(jobs);
  await jobs.start();
  return { jobs, schedules: app.get(ScheduleService) };
}

test.each(stores)(
  'a Date on %s is refused by a schema that wants one, at every entry, by its field',
  async (_, connection) => {
    const schemas = {
      flat: z.object({ at: z.date() }),
      deep: z.object({ of: z.object({ list: z.array(z.object({ at: z.date() })) }) }),
      union: z.object({ either: z.union([z.object({ at: z.date() }), z.object({ n: z.number() })]) }),
    };
    const at = new Date();
    const payloads = { flat: { at }, deep: { of: { list: [{ at }] } }, union: { either: { at } } };
    const { jobs, schedules } = await start(connection, (service) => {
      for (const [name, schema] of Object.entries(schemas)) service.register({ name, schema }, () => 'ran');
      service.register({ name: 'reads', schema: z.object({ at: z.coerce.date() }) }, (payload) =>
        (payload as { at: Date }).at.toISOString(),
      );
    });
    for (const [name, payload] of Object.entries(payloads)) {
      const refused = { code: 'PAYLOAD_INVALID', message: expect.stringMatching(/at|either/) };
      await expect(jobs.enqueue(name, payload)).rejects.toMatchObject(refused);
      await expect(jobs.enqueueIn(name, payload, '1h')).rejects.toMatchObject(refused);
      await expect(jobs.trigger(name, payload)).rejects.toMatchObject(refused);
      const entries = [
        { job: 'reads', payload: { at } },
        { job: name, payload },
      ] as const;
      await expect(jobs.enqueueMany(entries)).rejects.toMatchObject(refused);
      await expect(schedules.create({ job: name, schedule: '@yearly', payload })).rejects.toMatchObject({
        code: 'SCHEDULE_INVALID',
      });
    }
    expect((await jobs.getQueue('default')).counts).toMatchObject({ pending: 0, active: 0, delayed: 0, completed: 0 });
    expect(await (await jobs.enqueue('union', { either: { n: 1 } })).finished()).toBe('ran');
    expect(await (await jobs.enqueue('reads', { at })).finished()).toBe(at.toISOString());
  },
);

test.each(stores)(
  'an object on %s that is changed after each call is stored as it was at the call',
  async (_, connection) => {
    const { jobs } = await start(connection, (service) => {
      service.register({ name: 'tells' }, (payload) => payload);
      service.register({ name: 'checks', schema: z.object({ n: z.number() }) }, (payload) => payload);
    });
    for (const job of ['tells', 'checks']) {
      const payload: Record<string, unknown> = { n: 0 };
      const calls = [1, 2, 3].map((n) => {
        payload['n'] = n;
        return jobs.enqueue(job, payload);
      });
      calls.push(jobs.enqueueIn(job, payload, 1));
      payload['text'] = 'x'.repeat(3_000_000);
      payload['n'] = 5n;
      payload['self'] = payload;
      const handles = await Promise.all(calls);
      expect(await Promise.all(handles.map((handle) => handle.finished()))).toEqual([1, 2, 3, 3].map((n) => ({ n })));
    }
  },
);

test.each(stores)('a schema and a key on %s may change what they are given', async (_, connection) => {
  const spoil = (value: unknown) => Object.assign(value as object, { n: 5n });
  const { jobs } = await start(connection, (service) => {
    const schema = {
      '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value: spoil(value) }) },
    };
    service.register({ name: 'checked', schema }, () => 'ran');
    const key = (payload: unknown) => String(spoil(payload).n);
    service.register({ name: 'keyed', unique: { key } }, (payload) => payload);
  });
  expect(await (await jobs.enqueue('checked', { n: 1 })).finished()).toBe('ran');
  expect(await (await jobs.enqueue('keyed', { n: 1 })).finished()).toEqual({ n: 1 });
});
