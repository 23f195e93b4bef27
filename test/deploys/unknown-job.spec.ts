/** A job of which no process that lives has the code, and whose time is over. */
import { expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run } from '../schedules/app.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

it('fails with its record, and the onFail job that its own code has declared runs', async () => {
  const options = { connection: 'memory:', prefix: randomPrefix() };
  const start = async (jobs: AppPlan['jobs']) => {
    const runs: Run[] = [];
    const started = await startApp({ options, jobs, timing: { every: 50, liveFor: 500 } }, (run) => runs.push(run));
    apps.push(started.app);
    return { ...started, runs };
  };
  const alarm = { name: 'alarm' };
  const here = await start([alarm]);
  const { app: elsewhere } = await start([{ name: 'gone', onFail: 'alarm' }, alarm]);
  await elsewhere.close();

  const queue = here.store.queues.queue('default');
  const { id } = await queue.add('gone', { n: 1 }, { timestamp: Date.now() - 11 * 60_000 });
  await until('it has failed', async () => (await queue.getFailed()).length === 1);
  expect((await queue.getFailed())[0]!.failedReason).toContain('No job "gone" is registered');
  await until('the alarm has run', () => here.runs.length > 0);
  expect(here.runs).toMatchObject([
    { job: 'alarm', trigger: 'on-fail', payload: { job: 'gone', payload: { n: 1 }, error: { code: 'JOB_UNKNOWN' } } },
  ]);
  expect(await here.jobs.getStatus(`bullmq:default:${id}`)).toBe('failed');
  await queue.close();
});
