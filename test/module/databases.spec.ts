/** Two apps with the same prefix, in two databases of one Redis: nothing of one reaches the other. */
import { expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobContext, JobSchedulerModule, JobService, type JobEvent, type Role } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

@Injectable()
class Work {
  readonly started: string[] = [];
  readonly aborted: string[] = [];

  @Job({ name: 'endless', overlap: 'replace' })
  async endless(_: unknown, ctx: JobContext) {
    this.started.push(ctx.id);
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
    this.aborted.push(ctx.id);
  }
}

async function start(db: number, prefix: string, role: Role) {
  const url = new URL(process.env.TEST_REDIS_URL!);
  url.pathname = `/${db}`;
  @Module({ imports: [JobSchedulerModule.forRoot({ connection: url.href, prefix, role })], providers: [Work] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  const events: JobEvent[] = [];
  const jobs = app.get(JobService);
  jobs.events().subscribe((event) => events.push(event));
  return { jobs, work: app.get(Work), events };
}

it('a cancel, a replacement and events stay in their database, also of executions with the same id', async () => {
  const prefix = randomPrefix();
  const [zero, one, producer] = await Promise.all([start(0, prefix, 'all'), start(1, prefix, 'all'), start(1, prefix, 'producer')]); // prettier-ignore
  await zero.jobs.enqueue('endless', null, { id: 'same' });
  await producer.jobs.enqueue('endless', null, { id: 'same' });
  await until('both run', () => zero.work.started.length + one.work.started.length === 2);

  // A busy worker may answer after the two seconds that a call waits: then it is asked again.
  const { jobs } = producer;
  await until('it ends', async () => (await jobs.cancel('same')) || (await jobs.getStatus('same')) === 'cancelled');
  expect(await producer.jobs.getStatus('same')).toBe('cancelled');
  await producer.jobs.enqueue('endless', null, { id: 'next' });
  await until('it runs', () => one.work.started.includes('next'));
  await producer.jobs.enqueue('endless', null, { id: 'last' });
  await until('it is replaced', () => one.work.started.includes('last'));

  expect(one.work.aborted).toEqual(['same', 'next']);
  expect(zero.work.aborted).toEqual([]);
  expect(await zero.jobs.getStatus('same')).toBe('running');
  await until('the start is told', () => one.events.some(({ type, id }) => type === 'started' && id === 'last')); // prettier-ignore
  expect(zero.events.map(({ id }) => id).filter((id) => id !== 'same')).toEqual([]);
  // Nothing is waited for when the apps close.
  expect(await zero.jobs.cancel('same')).toBe(true);
  expect(await producer.jobs.cancel('last')).toBe(true);
});
