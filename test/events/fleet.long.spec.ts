/** Events from one process to another, through each store that processes can share. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, type JobEvent, type Role } from 'nestjs-job-scheduler';
import { Redis } from 'ioredis';
import type { Subscription } from 'rxjs';
import { StoreHolder } from '#src/store/store-holder.js';
import { startTcpProxy } from '../store/tcp-proxy.js';
import { startChild, type TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const apps: INestApplicationContext[] = [];
const subscriptions: Subscription[] = [];
afterEach(async () => {
  for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function startApp(connection: string, prefix: string, role: Role) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix, role })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return { app, jobs: app.get(JobService) };
}

/** Counts every PUBLISH of a prefix on Redis from here on. Of NOTIFY only who listens to its channel knows. */
async function countPublished(store: string, prefix: string): Promise<() => Promise<number>> {
  if (!store.startsWith('redis')) return async () => 0;
  const redis = new Redis(store);
  let count = 0;
  redis.on('pmessage', () => count++);
  await redis.psubscribe(`*${prefix}*`);
  return async () => {
    // Its answer comes after all that was published before.
    await redis.punsubscribe();
    redis.disconnect();
    return count;
  };
}

async function startWorker(store: string, prefix: string): Promise<{ child: TestChild; workerId: string }> {
  const child = startChild('test/events/events.child.ts', { env: { STORE: store, PREFIX: prefix } });
  return { child, workerId: (await child.next('ready')).workerId as string };
}

/** Hears the fleet's events, and what else is sent under their topic. */
async function listen(jobs: JobService): Promise<JobEvent[]> {
  const heard: JobEvent[] = [];
  subscriptions.push(jobs.events().subscribe((event) => heard.push(event)));
  // The first who hears an event has begun to listen.
  await until('it listens', async () => {
    await (await jobs.enqueue({ jobName: 'good' }, undefined)).finished();
    return heard.length > 0;
  });
  return heard;
}

describe.each(sharedStores)('events of the fleet, on %s', (_name, store) => {
  it('go on after the connection of who listens was lost', async () => {
    const prefix = randomPrefix();
    const server = new URL(store);
    const proxy = await startTcpProxy(Number(server.port));
    server.host = `127.0.0.1:${proxy.port}`;
    try {
      const [ear, hand] = [await startApp(server.href, prefix, 'producer'), await startApp(store, prefix, 'all')];
      hand.jobs.register({ name: 'good' }, () => undefined);
      const heard = await listen(ear.jobs);
      await proxy.cut();
      await (await hand.jobs.enqueue('good', undefined)).finished();
      const before = heard.length;
      await proxy.restore();
      await until(
        'it hears again',
        async () => {
          await (await hand.jobs.enqueue('good', undefined)).finished();
          return heard.length > before;
        },
        { every: 100 },
      );
      const last = await hand.jobs.enqueue('good', undefined);
      const types = () => heard.filter(({ id }) => id === last.id).map(({ type }) => type);
      await until('all is told', () => types().length >= 2);
      expect(types()).toEqual(['started', 'completed']);
    } finally {
      for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
      await Promise.all(apps.splice(0).map((app) => app.close()));
      await proxy.close();
    }
  });

  it('come to who listens in another process, in order; who has gone is sent nothing', async () => {
    const prefix = randomPrefix();
    const [{ app, jobs }, { child, workerId }] = await Promise.all([
      startApp(store, prefix, 'producer'),
      startWorker(store, prefix),
    ]);
    // What is sent at all, whoever listens.
    let messages = 0;
    const leave = await app
      .get(StoreHolder)
      .require('test')
      .signals.subscribe('events', () => messages++);
    const run = async (job: string) => (await jobs.enqueue({ jobName: job }, undefined)).finished();
    const published = await countPublished(store, prefix);
    for (const job of ['good', 'trip', 'chatty', 'good']) await run(job);
    expect(messages).toBe(0);
    expect(await published()).toBe(0);

    const heard = await listen(jobs);
    const types = (id: string) => heard.filter((event) => event.id === id).map(({ type }) => type);
    const { id } = await jobs.enqueue({ jobName: 'trip' }, undefined);
    await until('all is told', () => types(id).includes('completed'));
    expect(types(id)).toEqual(['started', 'step', 'step', 'completed']);
    expect(heard.find((event) => event.id === id)).toEqual({
      type: 'started',
      at: expect.any(Date),
      id,
      job: 'trip',
      queue: 'default',
      workerId,
      trigger: 'enqueue',
      attempt: 1,
      waitMs: expect.any(Number),
    });

    const later = await jobs.enqueueIn({ jobName: 'good' }, undefined, '1h');
    await jobs.cancel(later.id);
    await until('the cancelled one is told', () => types(later.id).includes('cancelled'));

    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
    await until('nothing is sent any more', async () => {
      const before = messages;
      await run('good');
      await run('good');
      return messages === before;
    });
    await leave();
    await child.signal('SIGTERM');
  });

  it('one subscription for all who listen here, and a worker that comes later knows of them', async () => {
    const prefix = randomPrefix();
    const { jobs } = await startApp(store, prefix, 'producer');
    const first: JobEvent[] = [];
    const second: JobEvent[] = [];
    subscriptions.push(jobs.events().subscribe((event) => first.push(event)));
    subscriptions.push(jobs.events().subscribe((event) => second.push(event)));
    const { workerId } = await startWorker(store, prefix);
    const handles = await jobs.enqueueMany(
      Array.from({ length: 20 }, () => ({ job: { jobName: 'good' }, payload: undefined }) as const),
    );
    await Promise.all(handles.map((handle) => handle.finished()));
    const ended = () => first.filter(({ type }) => type === 'completed').map(({ id }) => id);
    await until('all are told', () => ended().length >= 20);
    expect(ended().toSorted()).toEqual(handles.map(({ id }) => id).toSorted());
    expect(second).toEqual(first);
    expect(new Set(first.map((event) => event.workerId))).toEqual(new Set([workerId]));
  });
});
