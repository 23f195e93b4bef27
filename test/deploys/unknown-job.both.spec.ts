/** A job of which no process that lives has the code. */
import { expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run, type TestApp } from '../schedules/app.js';
import { ExecutionFinder, type EngineJob } from '#src/jobs/execution-finder.js';
import { WaitingJobRemover } from '#src/jobs/cancel/waiting-job-remover.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

it('fails when its time is over, with its record, and the onFail job that its own code has declared runs', async () => {
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

/** Each look of a cancel meets an execution in somebody's hands, but for those while it rests for longer than any by itself. */
function lookUnluckily({ app, store }: TestApp): void {
  const isAside = async ({ inQueue }: { inQueue: EngineJob }) => {
    const due = (await store.queues.dueTimes('default', [inQueue.id!])).get(inQueue.id!);
    return due !== undefined && due > Date.now() + 2_500;
  };
  const finder = app.get(ExecutionFinder);
  const find = finder.find.bind(finder);
  finder.find = async (id) => {
    const found = await find(id);
    if (!found?.inQueue) return found;
    const { inQueue } = found;
    const getState = async () => ((await isAside({ inQueue })) ? 'delayed' : 'active');
    return { ...found, inQueue: Object.create(inQueue, { getState: { value: getState } }) as EngineJob };
  };
  const waitingJobs = app.get(WaitingJobRemover);
  const remove = waitingJobs.remove.bind(waitingJobs);
  waitingJobs.remove = async (found, order) => (await isAside(found)) && remove(found, order);
}

it.each(storesOfSuite(everyStore))(
  'is cancelled on %s although it goes from hand to hand faster than anybody looks',
  async (_, connection) => {
    const options = { connection, prefix: randomPrefix() };
    const start = async () => {
      const started = await startApp({ options, jobs: [{ name: 'other' }] }, () => undefined);
      apps.push(started.app);
      return started;
    };
    const [here, there] = [await start(), await start()];
    lookUnluckily(there);
    const queue = here.store.queues.queue('default');
    const ids = (await queue.addBulk([1, 2, 3].map((n) => ({ name: 'gone', data: { n } })))).map(
      ({ id }) => `bullmq:default:${id}`,
    );
    // Two seconds, which one call looks for, may be too short on a busy machine; without an end they would be, too.
    await Promise.all(ids.map((id) => until('it is cancelled', () => there.jobs.cancel(id, 'not wanted'))));
    expect(await Promise.all(ids.map((id) => here.jobs.getStatus(id)))).toEqual(ids.map(() => 'cancelled'));
    await queue.close();
  },
);
