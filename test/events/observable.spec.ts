/** `JobService.events()` in one process, on the memory store. Several processes are in `fleet.spec.ts`. */
import { describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext, type OnModuleInit, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobContext, JobSchedulerModule, JobService, type JobEvent } from 'nestjs-job-scheduler';
import { EventBus } from '#src/events/event-bus.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { Trip, Work } from './work.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

@Injectable()
class Talker {
  @Job({ name: 'talks' })
  talks(_: unknown, ctx: JobContext) {
    ctx.log('one', { n: 1 });
    ctx.log('two');
  }

  @Job({ name: 'goes on' })
  async goesOn(_: unknown, ctx: JobContext) {
    for (let n = 0; n < 3; n++) {
      ctx.log(`step ${n}`);
      await ctx.progress(n);
    }
  }
}

async function startApp(providers: Type[] = []) {
  @Module({
    imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix() })],
    providers: [Work, Trip, Talker, ...providers],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return { app, jobs: app.get(JobService), bus: app.get(EventBus) };
}

/** Collects until the subscription ends, and how it ended. */
function collect(jobs: JobService) {
  const events: JobEvent[] = [];
  const ends: unknown[] = [];
  const subscription = jobs.events().subscribe({
    next: (event) => events.push(event),
    error: (error: unknown) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  return { events, ends, subscription };
}

describe('events()', () => {
  it('can be subscribed to before the store is open, and completes when the app closes', async () => {
    @Injectable()
    class Early implements OnModuleInit {
      collected!: ReturnType<typeof collect>;
      constructor(private readonly jobs: JobService) {}
      onModuleInit() {
        this.collected = collect(this.jobs);
      }
    }
    const { app, jobs, bus } = await startApp([Early]);
    const { collected } = app.get(Early);
    await until('it listens', () => bus.wanted);
    await (await jobs.enqueue('good', undefined)).finished();
    await until('all is told', () => collected.events.length === 2);
    expect(collected.events.map(({ type }) => type)).toEqual(['started', 'completed']);
    await app.close();
    expect(collected.ends).toEqual(['complete']);
    const { ends } = collect(jobs);
    await until('it is refused', () => ends.length > 0);
    expect(ends).toMatchObject([{ code: 'NOT_STARTED' }]);
  });

  it('makes no event without a subscriber, and tells a new one nothing of what was before', async () => {
    const { jobs, bus } = await startApp();
    expect(bus.wanted).toBe(false);
    await (await jobs.enqueue('good', undefined)).finished();
    const first = collect(jobs);
    await until('it listens', () => bus.wanted);
    await (await jobs.enqueue('trip', undefined)).finished();
    await until('all is told', () => first.events.length === 4);
    expect(first.events.every(({ job }) => job === 'trip')).toBe(true);
    first.subscription.unsubscribe();
    await until('nobody listens', () => !bus.wanted);
    await (await jobs.enqueue('good', undefined)).finished();
    const second = collect(jobs);
    await until('it listens again', () => bus.wanted);
    await (await jobs.enqueue('good', undefined)).finished();
    await until('all is told', () => second.events.length === 2);
    expect(first.events).toHaveLength(4);
  });

  it('sends what came in one turn as one message', async () => {
    const { app, jobs, bus } = await startApp();
    const messages: string[] = [];
    const { signals } = app.get(StoreHolder).require('test');
    await signals.subscribe('events', (message) => messages.push(message));
    const { events } = collect(jobs);
    await until('it listens', () => bus.wanted);
    const event = (n: number): JobEvent => ({
      type: 'stalled',
      at: new Date(n),
      id: String(n),
      job: 'good',
      queue: 'default',
      workerId: jobs.workerId,
    });
    const all = Array.from({ length: 100 }, (_each, n) => event(n));
    for (const each of all) bus.emit(each);
    await until('all are told', () => events.length === 100);
    expect(events).toEqual(all);
    expect(messages).toHaveLength(1);
  });

  it('tells of progress after what was logged before it', async () => {
    const { jobs } = await startApp();
    const { events } = collect(jobs);
    await until('it listens', async () => {
      if (events.length === 0) await (await jobs.enqueue('good', undefined)).finished();
      return events.length > 0;
    });
    const { id } = await jobs.enqueue('goes on', undefined);
    const own = () => events.filter((event) => event.id === id);
    await until('it has ended', () => own().some(({ type }) => type === 'completed'));
    expect(own().map(({ type }) => type)).toEqual([
      'started',
      'log',
      'progress',
      'log',
      'progress',
      'log',
      'progress',
      'completed',
    ]);
  });

  it('tells of log lines with the others, in their order', async () => {
    const { jobs, bus } = await startApp();
    const { events } = collect(jobs);
    await until('it listens', () => bus.wanted);
    const { id } = await jobs.enqueue('talks', undefined);
    await until('all is told', () => events.some(({ type }) => type === 'completed'));
    expect(events.map(({ type }) => type)).toEqual(['started', 'log', 'log', 'completed']);
    expect(events.filter(({ type }) => type === 'log')).toMatchObject([
      { id, attempt: 1, line: { seq: 1, at: expect.any(Date), executionId: id, message: 'one', data: { n: 1 } } },
      { id, line: { seq: 2, message: 'two' } },
    ]);
  });
});
