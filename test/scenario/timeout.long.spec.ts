import { expect, it } from '@jest/globals';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobContext, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { expectSoon } from '../support/soon.js';
import { WAIT } from '../support/machine.js';

const TIMEOUT = 100;
const TRIES = 20;

@Injectable()
class Deaf {
  readonly late: number[] = [];
  private readonly endless: (() => void)[] = [];

  @Job({ timeout: TIMEOUT, retry: 0 })
  async ignore(_: unknown, ctx: JobContext) {
    const startedAt = performance.now();
    ctx.signal.addEventListener('abort', () => this.late.push(performance.now() - startedAt - TIMEOUT));
    await new Promise<void>((resolve) => this.endless.push(resolve));
  }

  @Job()
  async next() {
    return 'served';
  }

  release(): void {
    for (const end of this.endless) end();
  }
}

it('a handler that ignores its signal fails at the timeout, and its slot serves the next job', async () => {
  Logger.overrideLogger(false);
  @Module({
    imports: [JobSchedulerModule.forRoot({ connection: 'memory:', prefix: randomPrefix(), concurrency: 1 })],
    providers: [Deaf],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const jobs = app.get(JobService);
  const deaf = app.get(Deaf);
  for (let i = 0; i < TRIES; i++) {
    const deadEnd = await jobs.enqueue([Deaf, 'ignore']);
    const following = await jobs.enqueue([Deaf, 'next']);
    await expect(deadEnd.finished(WAIT)).rejects.toMatchObject({
      code: 'JOB_FAILED',
      cause: { code: 'JOB_TIMEOUT' },
    });
    expect(await following.finished(WAIT)).toBe('served');
  }
  expect(deaf.late).toHaveLength(TRIES);
  expectSoon(`A timeout of ${TIMEOUT} ms fires late by`, deaf.late);
  deaf.release();
  await app.close();
});
