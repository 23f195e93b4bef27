/** A job that reports progress all the time, and does not wait for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { figure } from '../support/figure.js';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';

Logger.overrideLogger(false);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 2 ** 20;
const REPORTS = 50_000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const stores: [name: string, url: string][] = [['memory', 'memory:'], ...sharedStores];

describe.each(stores)('on %s', (name, connection) => {
  it.each([
    ['numbers', (n: number) => n],
    ['objects of 10 kB', (n: number) => ({ n, filling: `${n}`.padEnd(10_000, 'x') })],
  ])('50,000 reports, %s, take bounded memory and keep the lock', async (what, progressOf) => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix() })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    closers.push(() => app.close());
    const jobs = app.get(JobService);
    let most = 0;
    jobs.register({ name: 'busy', retry: 0, timeout: '1h' }, async (_, ctx) => {
      collect();
      const before = process.memoryUsage().heapUsed;
      for (let n = 1; n <= REPORTS; n++) {
        void ctx.progress(progressOf(n));
        if (n % 500 === 0) await nextTurn();
        if (n % 10_000 > 0) continue;
        collect();
        most = Math.max(most, process.memoryUsage().heapUsed - before);
      }
      return ctx.attempt;
    });
    const handle = await jobs.enqueue('busy', undefined);
    expect(await handle.finished(WAIT)).toBe(1);
    const [execution] = await app.get(JobHistory).getExecutions('busy', { limit: 1 });
    expect(execution!.attempts).toHaveLength(1);
    figure(`50,000 reports of progress, ${what}, on ${name}: ${Math.round(most / MIB)} MiB more at the most`);
    expect(most).toBeLessThan(50 * MIB);
  });
});
