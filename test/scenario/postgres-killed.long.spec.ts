import { describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { Client } from 'pg';
import { randomPrefix } from '../support/prefix.js';
import { findPostgres, startPostgres } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

@Injectable()
class Work {
  runs = 0;
  end!: () => void;

  @Job({ retry: 0 })
  async held() {
    this.runs++;
    await new Promise<void>((resolve) => (this.end = resolve));
    return 'done';
  }
}

const describePostgres = findPostgres() ? describe : describe.skip;

describePostgres('PostgreSQL backends killed at the moment a job ends', () => {
  it('leave it completed, once', async () => {
    const postgres = (await startPostgres())!;
    @Module({
      imports: [JobSchedulerModule.forRoot({ connection: postgres.url, prefix: randomPrefix() })],
      providers: [Work],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    const jobs = app.get(JobService);
    const work = app.get(Work);
    // No pool: it would replace a connection that was idle for long, and kill the old one.
    const admin = new Client(postgres.url);
    await admin.connect();
    const killAll = () =>
      admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
      );
    for (let round = 1; round <= 3; round++) {
      const handle = await until('the store answers', () =>
        jobs.enqueue([Work, 'held'], undefined, { id: `round ${round}` }),
      );
      await until('it runs', () => work.runs === round);
      await killAll();
      work.end();
      await killAll();
      expect(await until('the end is known', () => handle.finished(WAIT))).toBe('done');
      expect(work.runs).toBe(round);
    }
    expect((await jobs.getQueue('default')).counts).toMatchObject({ completed: 3, failed: 0, active: 0 });
    await app.close();
    await admin.end();
    await postgres.stop();
  });
});
