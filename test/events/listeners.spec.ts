import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  Logger,
  Module,
  Scope,
  type INestApplicationContext,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import { getQueueToken } from '@nestjs/bullmq';
import { NestFactory, REQUEST } from '@nestjs/core';
import type { Queue } from 'bullmq';
import {
  JobSchedulerModule,
  JobService,
  OnJobEvent,
  type JobEvent,
  type JobEventOf,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { Trip, Work } from './work.js';

const ALL = [
  'started',
  'completed',
  'failed',
  'retrying',
  'skipped',
  'cancelled',
  'stalled',
  'step',
  'progress',
  'schedule-repaired',
] as const;

const logged: string[] = [];
const note = (message: unknown) => void logged.push(String(message));
const logger: LoggerService = { log: () => undefined, debug: () => undefined, warn: note, error: note };

const apps: INestApplicationContext[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  logged.length = 0;
});

async function startApp(providers: Type[], controllers: Type[] = [], options: JobSchedulerOptions = {}) {
  @Module({
    imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), shutdownTimeout: 100, ...options })],
    providers,
    controllers,
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  Logger.overrideLogger(logger);
  apps.push(app);
  return { app, jobs: app.get(JobService) };
}

@Injectable()
class Ear {
  readonly heard: JobEvent[] = [];

  @OnJobEvent(ALL)
  hear(event: JobEvent) {
    this.heard.push(event);
  }

  /** The types of an execution's events so far. */
  of(id: string): string[] {
    return this.heard.filter((event) => event.id === id).map(({ type }) => type);
  }
}

describe('what a listener hears of a run of its process, in order', () => {
  const cases: [job: string, types: string[]][] = [
    ['good', ['started', 'completed']],
    ['flaky', ['started', 'retrying', 'started', 'completed']],
    ['bad', ['started', 'retrying', 'started', 'failed']],
    ['chatty', ['started', 'progress', 'step', 'progress', 'completed']],
    ['trip', ['started', 'step', 'step', 'completed']],
    ['gives.up', ['started', 'cancelled']],
  ];

  it.each(cases)('%s: %j', async (job, types) => {
    const { app, jobs } = await startApp([Work, Trip, Ear]);
    const ear = app.get(Ear);
    const { id } = await jobs.enqueue(job, undefined);
    await until('it is told', () => ear.of(id).length >= types.length);
    expect(ear.of(id)).toEqual(types);
  });

  it('says who, what, when and how', async () => {
    const { app, jobs } = await startApp([Work, Trip, Ear]);
    const ear = app.get(Ear);
    const begun = Date.now();
    const { id } = await jobs.enqueue('bad', undefined);
    await until('it has failed', () => ear.of(id).includes('failed'));
    const common = {
      id,
      job: 'bad',
      queue: 'default',
      workerId: jobs.workerId,
      trigger: 'enqueue',
      at: expect.any(Date),
    };
    const error = { name: 'Error', message: 'never', code: 'E_NEVER' };
    expect(ear.heard).toEqual([
      { ...common, type: 'started', attempt: 1, waitMs: expect.any(Number) },
      { ...common, type: 'retrying', attempt: 1, durationMs: expect.any(Number), delay: 10, error },
      { ...common, type: 'started', attempt: 2 },
      { ...common, type: 'failed', attempt: 2, durationMs: expect.any(Number), error },
    ]);
    for (const { at } of ear.heard) expect(at.getTime()).toBeGreaterThanOrEqual(begun);
  });

  it('hears of what was skipped, and cancelled while it ran and while it waited', async () => {
    const { app, jobs } = await startApp([Work, Trip, Ear]);
    const ear = app.get(Ear);
    const first = await jobs.enqueue('alone', undefined);
    await until('it runs', () => ear.of(first.id).includes('started'));
    const second = await jobs.enqueue('alone', undefined);
    await until('it is skipped', () => ear.of(second.id).includes('skipped'));
    const later = await jobs.enqueueIn('good', undefined, '1h');
    await jobs.cancel(later.id, 'not today');
    await jobs.cancel(first.id, 'enough');
    await until('both are cancelled', () => ear.heard.filter(({ type }) => type === 'cancelled').length === 2);
    const find = (id: string, type: string) => ear.heard.find((event) => event.id === id && event.type === type);
    expect(find(second.id, 'skipped')).toMatchObject({ job: 'alone', reason: 'overlap' });
    expect(find(later.id, 'cancelled')).toMatchObject({ job: 'good', reason: 'not today' });
    expect(find(later.id, 'cancelled')).not.toHaveProperty('attempt');
    expect(find(first.id, 'cancelled')).toMatchObject({ reason: 'enough', attempt: 1, durationMs: expect.any(Number) });
  });

  it('tells of a success once it is stored: the handle is done, and the record says so', async () => {
    const seen: string[] = [];
    @Injectable()
    class Reader {
      constructor(private readonly jobs: JobService) {}
      @OnJobEvent(['completed', 'failed'])
      async read({ id }: JobEvent) {
        seen.push(String(await this.jobs.getStatus(id)));
      }
    }
    const { jobs } = await startApp([Work, Trip, Reader]);
    await jobs.enqueue('good', undefined);
    await jobs.enqueue('bad', undefined);
    await until('both have ended', () => seen.length === 2);
    expect(seen.toSorted()).toEqual(['completed', 'failed']);
  });

  it('hears of a job that no process knows', async () => {
    const { app } = await startApp([Ear]);
    const queue = app.get<Queue>(getQueueToken('default'), { strict: false });
    const { id } = await queue.add('gone', {}, { timestamp: Date.now() - 11 * 60_000 });
    await until('it has failed', () => app.get(Ear).of(`bullmq:default:${id}`).length > 0);
    expect(app.get(Ear).heard).toMatchObject([{ type: 'failed', job: 'gone', error: { code: 'JOB_UNKNOWN' } }]);
  });
});

describe('where listeners stand', () => {
  it('on controllers, request-scoped and transient providers too: these are made anew for each event', async () => {
    const heard: { by: string; instance: object; request?: unknown }[] = [];

    @Controller('things')
    class Things {
      @OnJobEvent('completed')
      hear() {
        heard.push({ by: 'controller', instance: this });
      }
    }
    @Controller({ path: 'others', scope: Scope.REQUEST })
    class Others {
      constructor(@Inject(REQUEST) private readonly request: JobEvent) {}
      @OnJobEvent('completed')
      hear() {
        heard.push({ by: 'scoped controller', instance: this, request: this.request });
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerEvent {
      constructor(@Inject(REQUEST) private readonly request: JobEvent) {}
      @OnJobEvent('completed')
      hear() {
        heard.push({ by: 'request', instance: this, request: this.request });
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Fleeting {
      @OnJobEvent('completed')
      hear() {
        heard.push({ by: 'transient', instance: this });
      }
    }
    const { jobs } = await startApp([Work, PerEvent, Fleeting], [Things, Others]);
    const ids = [(await jobs.enqueue('good', undefined)).id, (await jobs.enqueue('good', undefined)).id];
    await until('all have heard', () => heard.length === 8);
    const of = (by: string) => heard.filter((each) => each.by === by);
    const instances = (by: string) => new Set(of(by).map(({ instance }) => instance)).size;
    expect(['controller', 'scoped controller', 'request', 'transient'].map(instances)).toEqual([1, 2, 2, 2]);
    for (const by of ['request', 'scoped controller']) {
      expect(of(by).map(({ request }) => (request as JobEvent).id)).toEqual(expect.arrayContaining(ids));
    }
  });

  it('once for a provider with an alias, and by several decorators on one method', async () => {
    const heard: string[] = [];
    @Injectable()
    class Twice {
      @OnJobEvent('started')
      @OnJobEvent('completed', { job: 'good' })
      hear({ type, job }: JobEvent) {
        heard.push(`${type} ${job}`);
      }
    }
    const alias = { provide: 'twice', useExisting: Twice };
    const same = { provide: 'same', useFactory: (twice: Twice) => twice, inject: [Twice] };
    const { jobs } = await startApp([Work, Twice, alias as never, same as never]);
    const { id } = await jobs.enqueue('chatty', undefined);
    await until('it has ended', async () => (await jobs.getStatus(id)) === 'completed');
    await jobs.enqueue('good', undefined);
    await until('all is told', () => heard.includes('completed good'));
    expect(heard.toSorted()).toEqual(['completed good', 'started chatty', 'started good']);
  });

  it('only of the job that was asked for: by class, method, contract or name', async () => {
    const heard: string[] = [];
    @Injectable()
    class Some {
      @OnJobEvent('completed', { job: Trip }) trip({ job }: JobEventOf<'completed'>) {
        heard.push(job);
      }
      @OnJobEvent('completed', { job: [Work, 'good'] }) good({ job }: JobEventOf<'completed'>) {
        heard.push(job);
      }
    }
    const { jobs } = await startApp([Work, Trip, Some]);
    const handles = [await jobs.enqueue('chatty', undefined), await jobs.enqueue('good', undefined)];
    handles.push(await jobs.enqueue('trip', undefined));
    await Promise.all(handles.map((handle) => handle.finished()));
    await until('both are told', () => heard.length === 2);
    expect(heard.toSorted()).toEqual(['good', 'trip']);
  });
});

describe('a listener harms nothing', () => {
  it('one that throws or rejects is logged once for each text, and the others hear all the same', async () => {
    @Injectable()
    class Bad {
      @OnJobEvent('completed') throws() {
        throw new Error('thrown');
      }
      @OnJobEvent('completed') async rejects() {
        throw 'rejected';
      }
    }
    const { app, jobs } = await startApp([Work, Bad, Ear]);
    const handles = await jobs.enqueueMany(
      Array.from({ length: 5 }, () => ({ job: 'good', payload: undefined }) as const),
    );
    await Promise.all(handles.map((handle) => handle.finished()));
    await until('all is heard', () => app.get(Ear).heard.length === 10);
    await until('both are logged', () => logged.length >= 2);
    expect(logged.toSorted()).toEqual([
      'The listener Bad.rejects failed: rejected',
      'The listener Bad.throws failed: thrown',
    ]);
  });

  it('one that never ends holds up no job, and no other execution', async () => {
    const begun: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    @Injectable()
    class Slow {
      @OnJobEvent(['started', 'completed'])
      async hear({ type, id }: JobEvent) {
        begun.push(`${type} ${id}`);
        await released;
      }
    }
    const { jobs } = await startApp([Work, Slow]);
    const [a, b] = [await jobs.enqueue('good', undefined), await jobs.enqueue('good', undefined)];
    await Promise.all([a.finished(), b.finished()]);
    await until('both have begun', () => begun.length === 2);
    expect(begun.toSorted()).toEqual([`started ${a.id}`, `started ${b.id}`].toSorted());
    release();
    await until('the rest is told', () => begun.length === 4);
    for (const { id } of [a, b]) expect(begun.indexOf(`started ${id}`)).toBeLessThan(begun.indexOf(`completed ${id}`));
  });

  it('the last events are told before the app closes', async () => {
    const heard: string[] = [];
    @Injectable()
    class Last {
      @OnJobEvent('completed')
      async hear({ job }: JobEvent) {
        await new Promise((resolve) => setImmediate(resolve));
        heard.push(job);
      }
    }
    const { app, jobs } = await startApp([Work, Last], [], { shutdownTimeout: '5s' });
    await (await jobs.enqueue('good', undefined)).finished();
    await app.close();
    expect(heard).toEqual(['good']);
  });
});
