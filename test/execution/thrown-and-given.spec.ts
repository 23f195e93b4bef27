/** What comes of what handlers throw, return, and do with what they are given. */
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { Redis } from 'ioredis';
import {
  Job,
  JobHistory,
  JobSchedulerModule,
  JobService,
  OnJobFail,
  type JobContext,
  type JobFailure,
} from 'nestjs-job-scheduler';
import { startApp } from '../overlap/kit.js';
import { everyStore } from '../support/stores.js';
import { scaled, WAIT } from '../support/machine.js';
import { until } from '../support/until.js';

type Bag = Record<string, unknown>;

afterEach(() => {
  jest.restoreAllMocks();
});

function refuse(): never {
  throw new Error('asked at the wrong moment');
}

describe('what a handler throws', () => {
  it('steers its job as meant, when it is of a second copy of the package or of BullMQ', async () => {
    const jobs = await startApp();
    const copied = (code: string, fields: object) =>
      Object.assign(new Error('of a copy'), { code, details: {} }, fields) as Error;
    const thrown: Record<string, Error[]> = {
      aborts: [copied('JOB_ABORTED', {})],
      cancels: [copied('JOB_CANCELLED', { reason: 'by hand' })],
      snoozes: [copied('JOB_SNOOZED', { delay: 1 })],
      ends: [new UnrecoverableError('no use')],
      waits: [new DelayedError(), new WaitingError()],
      // The end of another execution, which a handler waited for.
      repeats: [copied('JOB_CANCELLED', { reason: 'x', id: '1', job: 'other' })],
    };
    const attempts: Record<string, number[]> = {};
    for (const [name, errors] of Object.entries(thrown)) {
      attempts[name] = [];
      jobs.register({ name, retry: { max: 1, delay: 1, backoff: 'fixed' } }, (_, ctx) => {
        attempts[name]!.push(ctx.attempt);
        const error = errors.shift();
        if (error) throw error;
      });
    }
    const ends = Object.keys(thrown).map(async (name) => {
      const end = await (await jobs.enqueue(name, undefined)).finished(WAIT).catch((error: unknown) => error);
      return [name, (end as Error | undefined)?.message];
    });
    expect(Object.fromEntries(await Promise.all(ends))).toEqual({
      aborts: 'of a copy',
      cancels: 'Job "cancels" was cancelled: by hand',
      snoozes: undefined,
      ends: 'no use',
      waits: undefined,
      repeats: undefined,
    });
    expect(attempts).toEqual({
      aborts: [1],
      cancels: [1],
      snoozes: [1, 1],
      ends: [1],
      waits: [1, 1, 1],
      repeats: [1, 2],
    });
  });
});

describe('what a handler does not await', () => {
  it('is not run once the handler has returned, and a warning says so, once', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const jobs = await startApp();
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const ran: string[] = [];
    const late: Promise<unknown>[] = [];
    jobs.register({ name: 'forgets' }, async (_, ctx) => {
      const store = async (step: string) => {
        await opened;
        await ctx.step(step, () => ran.push(step));
      };
      late.push(store('one'), store('two'));
    });
    await (await jobs.enqueue('forgets', undefined)).finished(WAIT);
    open();
    for (const { status } of await Promise.allSettled(late)) expect(status).toBe('rejected');
    expect(ran).toEqual([]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      'This attempt of job "forgets" is over: await what you start in it',
    ]);
  });
});

describe('an @OnJobFail method that changes what it is given', () => {
  it('changes neither what is recorded nor what a retry runs with', async () => {
    const ran: unknown[] = [];
    const told: unknown[] = [];
    @Job({ name: 'fails', retry: 0 })
    class Fails {
      run(payload: unknown): never {
        ran.push(payload);
        throw Object.assign(new Error('broken'), { code: 'E_SHOP' });
      }

      @OnJobFail()
      tell(failure: JobFailure<Bag>) {
        told.push(structuredClone(failure.payload));
        failure.payload['list'] = 5n;
        (failure.metadata as Bag)['tenant'] = 'b';
        Object.defineProperty(failure.error, 'message', { get: refuse });
        for (const name of ['id', 'job']) Object.defineProperty(failure, name, { get: refuse });
        throw new Error('no mail today');
      }
    }
    @Module({
      imports: [JobSchedulerModule.forRoot({ connection: 'memory:', role: ['producer', 'worker'] })],
      providers: [Fails],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    try {
      const jobs = app.get(JobService);
      const handle = await jobs.enqueue('fails', { list: [1] }, { metadata: { tenant: 'a' } });
      await expect(handle.finished(WAIT)).rejects.toThrow('broken');
      expect(await app.get(JobHistory).getExecution(handle.id)).toMatchObject({
        payload: { list: [1] },
        metadata: { tenant: 'a' },
        error: { message: 'broken', code: 'E_SHOP' },
      });
      await until('it may be retried', async () => (await jobs.getQueue('default')).deadLetters === 1);
      await jobs.retry(handle.id);
      await until('it is told again', () => told.length === 2);
      expect([ran, told]).toEqual([
        [{ list: [1] }, { list: [1] }],
        [{ list: [1] }, { list: [1] }],
      ]);
    } finally {
      await app.close();
    }
  });
});

describe('what a step gives', () => {
  it('is the same for ctx.result, whatever its caller does to it', async () => {
    const jobs = await startApp();
    jobs.register({ name: 'stepped' }, async (_, ctx) => {
      const given = await ctx.step('one', () => ({ list: [1] }));
      given.list.push(2);
      ctx.result<typeof given>('one').list.push(3);
      return ctx.result('one');
    });
    expect(await (await jobs.enqueue('stepped', undefined)).finished(WAIT)).toEqual({ list: [1] });
  });
});

describe('progress', () => {
  it('after the end of the attempt makes no event', async () => {
    const jobs = await startApp();
    const told: unknown[] = [];
    const events = jobs.events().subscribe((event) => void (event.type === 'progress' && told.push(event.progress)));
    const contexts: JobContext[] = [];
    jobs.register({ name: 'tells' }, async (payload, ctx) => {
      contexts.push(ctx);
      await ctx.progress(payload as number);
    });
    await (await jobs.enqueue('tells', 1)).finished(WAIT);
    await contexts[0]!.progress(2);
    await (await jobs.enqueue('tells', 3)).finished(WAIT);
    await until('the later one is told', () => told.includes(3));
    events.unsubscribe();
    expect(told).toEqual([1, 3]);
  });
});

describe('an ioredis client with stringNumbers', () => {
  it('is refused at boot with what to do', async () => {
    const connection = new Redis(process.env.TEST_REDIS_URL!, { stringNumbers: true, lazyConnect: true });
    await expect(startApp({ connection })).rejects.toMatchObject({
      code: 'STORE_UNSUPPORTED',
      message: expect.stringMatching(/stringNumbers.*Leave it out/) as unknown,
    });
    connection.disconnect();
  });
});

describe.each(everyStore)('without history, on %s', (_name, connection) => {
  it('finished() gives the null that a handler returned', async () => {
    const jobs = await startApp({ connection, history: false });
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    jobs.register({ name: 'nothing' }, async () => {
      await opened;
      return null;
    });
    const handle = await jobs.enqueue('nothing', undefined);
    // From then on it listens: of what has ended before, nothing is left.
    await expect(handle.finished({ timeout: scaled(500) })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    const result = handle.finished(WAIT);
    await new Promise((resolve) => setImmediate(resolve));
    open();
    expect(await result).toBeNull();
  });
});
