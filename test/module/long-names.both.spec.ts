/** The longest names of jobs, and prefixes that mean something in SQL, on every store. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext, Injectable, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobHistory, JobSchedulerModule, JobService, OnJobFail, ScheduleService } from 'nestjs-job-scheduler';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

let app: INestApplicationContext | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const LONGEST = '€'.repeat(256);
const failures: string[] = [];

@Injectable()
class Long {
  @Job({ name: LONGEST, runOnStart: true, schedule: ['@yearly', '@monthly'], unique: true, overlap: 'wait', retry: 0 })
  run(fails?: boolean) {
    if (fails) throw new Error('no');
    return 'ran';
  }
  @Job({ name: 'n'.repeat(227), runOnStart: true })
  other() {
    return 'ran';
  }
  @OnJobFail() tell({ job }: { job: string }) {
    failures.push(job);
  }
}

async function start(connection: string, prefix = randomPrefix()) {
  app = await NestFactory.createApplicationContext(
    { module: class App {}, imports: [JobSchedulerModule.forRoot({ connection, prefix })], providers: [Long] },
    { logger: false, abortOnError: false },
  );
  return app;
}

describe.each(storesOfSuite(everyStore))('on %s', (kind, url) => {
  it('jobs with names of 227 and 256 characters run at the start, by hand, by schedule, and fail', async () => {
    await start(url);
    const history = app!.get(JobHistory);
    for (const job of [LONGEST, 'n'.repeat(227)]) {
      await until('it has run at the start', async () =>
        (await history.getExecutions(job)).some(({ status }) => status === 'completed'),
      );
    }
    const jobs = app!.get(JobService);
    expect(await (await jobs.enqueue([Long, 'run'], undefined)).finished(WAIT)).toBe('ran');
    const run = await app!.get(ScheduleService).runNow(`code:${LONGEST}#2`);
    expect(await run.finished(WAIT)).toBe('ran');
    const failing = await jobs.enqueue([Long, 'run'], true);
    await expect(failing.finished(WAIT)).rejects.toThrow('no');
    await until('its failure is told', () => failures.includes(LONGEST));
    failures.length = 0;
  });

  it.each(kind === 'PostgreSQL' ? ['a-njs-b', 'a--b', '_--', 'a-body-'] : ['a-njs-b'])(
    'the prefix %s works',
    async (part) => {
      // What random texts begin with is no digit.
      const prefix = `${part}${randomPrefix().slice(0, 8)}`;
      await start(url, prefix);
      expect(await (await app!.get(JobService).enqueue([Long, 'other'], undefined)).finished(WAIT)).toBe('ran');
    },
  );
});
