/** Apps with two jobs, and how their schedules fire. */
import { afterEach, expect } from '@jest/globals';
import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import {
  defineJob,
  Job,
  JobContext,
  JobSchedulerModule,
  JobService,
  ScheduleService,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import type { StoredSchedule } from '#src/store/ports/schedule-store.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

const apps: INestApplicationContext[] = [];
afterEach(async () => {
  Tick.seen.length = 0;
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

export async function start(options: JobSchedulerOptions = {}, providers: Type[] = [Tick, Report]) {
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...options })], providers })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  const stored = (id: string): Promise<StoredSchedule | undefined> =>
    app.get(StoreHolder, { strict: false }).require('look').schedules.get(id);
  return { app, jobs: app.get(JobService), schedules: app.get(ScheduleService), stored };
}

/** With nothing that fires, and nothing to wait for. */
export const startQuiet = (options: JobSchedulerOptions = {}) => start({ role: 'producer', ...options });

interface Seen {
  of: string;
  schedule: string | undefined;
  trigger: string;
}

@Job()
export class Tick {
  static readonly seen: Seen[] = [];
  run(payload: { of: string }, ctx: JobContext): string {
    Tick.seen.push({ of: payload.of, schedule: ctx.scheduleId, trigger: ctx.trigger });
    return payload.of;
  }
}

const ReportInput = z.object({ day: z.string().min(3) });

@Job(defineJob('report.nightly', { schema: ReportInput }), {
  schedule: { cron: '0 2 * * *', payload: { day: 'monday' } },
})
export class Report {
  run({ day }: z.output<typeof ReportInput>): string {
    return day;
  }
}

export const fires = (of: string): number => Tick.seen.filter((each) => each.of === of).length;

/** A fire of a schedule that goes on: what was under way before has ended. */
export async function nextFire(of: string): Promise<void> {
  const before = fires(of);
  await until(`${of} fired`, () => fires(of) > before);
}

/** It does not fire while another one does. */
export async function isSilent(of: string, clock: string): Promise<void> {
  await nextFire(clock);
  const before = fires(of);
  await nextFire(clock);
  expect(fires(of)).toBe(before);
}
