/** Ids that users give: each is an execution's own, whatever it holds, or is refused by name; none reaches a key of the queue. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EnqueueOptionsError,
  ExecutionNotFailedError,
  ExecutionUnknownError,
  Job,
  JobAbortError,
  JobContext,
  JobHistory,
  JobSchedulerModule,
  JobService,
} from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { Random } from '../support/random.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

/** BullMQ's own keys of a queue, and of a job. */
const OWN_KEYS = [
  'wait', 'active', 'paused', 'id', 'delayed', 'prioritized', 'waiting-children', 'completed', 'failed', 'stalled',
  'stalled-check', 'repeat', 'limiter', 'meta', 'events', 'pc', 'marker', 'de', 'metrics:completed', 'metrics:failed',
  'de:plain', 'repeat:code', '7:lock', '7:logs', 'order-17:lock', 'groups', '0', '7', '12', '-5', '007', '1e3', 'abc',
]; // prettier-ignore

const PIECES = [...Array.from('aZ70-:%_.{}[]#@/\\\'"`$&?=+*|<>() '), '%3A', '%_', '..', '../', 'é', '😀', '\u202e', '\u2028', '{x}:', '__proto__', ...OWN_KEYS]; // prettier-ignore
const REFUSED_PIECES = ['\n', '\r\n', '\0', '\u001b[31m', '\u007f', '\u0085', '\ud800', '\udc00', '\t'];

const random = new Random(7);
const shapes = (pieces: readonly string[], count: number) =>
  Array.from({ length: count }, () => Array.from({ length: 1 + random.below(5) }, () => random.pick(pieces)).join(''));

const GOOD = [
  ...new Set([
    ...OWN_KEYS,
    ' ',
    '%',
    ':',
    '%_wait',
    'x'.repeat(256),
    '漢'.repeat(256),
    ...shapes(PIECES, 60).filter((id) => id !== '.' && id !== '..'),
  ]),
];
const BAD = [
  '',
  'x'.repeat(257),
  ...OWN_KEYS.map((key) => `bullmq:default:${key}`),
  'bullmq:low:meta',
  'bullmq:q:meta',
  'bullmq:',
  '.',
  '..',
  'half\ud83d',
  ...REFUSED_PIECES,
  ...shapes(PIECES, 20).map((id) => `${id}${random.pick(REFUSED_PIECES)}${random.pick(PIECES)}`),
  ...[7, null, {}, [], true].map((id) => id as unknown as string),
];

@Injectable()
class Desk {
  @Job({ name: 'stamp' })
  stamp(payload: unknown, ctx: JobContext) {
    return { payload, id: ctx.id };
  }

  @Job({ name: 'file' })
  file() {
    return 'filed';
  }

  @Job({ name: 'fragile', retry: 0 })
  fragile(_: unknown, ctx: JobContext) {
    if (ctx.fence === 1) throw new JobAbortError('the first time');
    return ctx.id;
  }
}

describe.each(storesOfSuite(everyStore))('ids on %s', (_store, connection) => {
  let app: INestApplicationContext;
  let jobs: JobService;
  let history: JobHistory;

  beforeAll(async () => {
    @Module({
      imports: [
        JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), queues: { default: 1, low: 1 }, defaults: { retention: { count: 1_000 } } }), // prettier-ignore
      ],
      providers: [Desk],
    })
    class App {}
    app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    jobs = app.get(JobService);
    history = app.get(JobHistory);
  });
  afterAll(() => app.close());

  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: { code?: unknown; message: string }) => error.code ?? error.message,
    );

  it('of every shape run once, and are known by what they are', async () => {
    const handles = await jobs.enqueueMany(
      GOOD.map((id) => ({ job: 'stamp', payload: { of: id.length }, options: { id } })),
    );
    expect(handles.map(({ id, duplicate }) => [id, duplicate])).toEqual(GOOD.map((id) => [id, false]));
    const results = await Promise.all(handles.map((handle) => handle.finished()));
    expect(results).toEqual(GOOD.map((id) => ({ payload: { of: id.length }, id })));
    for (const id of GOOD) {
      expect([id, await jobs.getStatus(id)]).toEqual([id, 'completed']);
      expect((await history.getExecution(id))?.id).toBe(id);
      expect(await history.getLogs(id)).toEqual([]);
      expect(await jobs.cancel(id)).toBe(false);
      expect(await codeOf(jobs.retry(id))).toBe('EXECUTION_NOT_FAILED');
    }
    const again = await Promise.all(GOOD.map((id) => jobs.enqueue('stamp', {}, { id })));
    expect(again.map(({ duplicate }) => duplicate)).toEqual(GOOD.map(() => true));
  });

  it('of every shape can be retried', async () => {
    const ids = GOOD.slice(0, 45).map((id) => `${id}:%`.slice(-256));
    const handles = await Promise.all(ids.map((id) => jobs.enqueue('fragile', null, { id })));
    await Promise.all(handles.map((handle) => expect(handle.finished()).rejects.toThrow('the first time')));
    const retried = await Promise.all(ids.map((id) => jobs.retry(id)));
    expect(await Promise.all(retried.map((handle) => handle.finished()))).toEqual(ids);
  });

  it('of every shape can be cancelled while they wait', async () => {
    const ids = GOOD.slice(0, 45).map((id) => `later:${id}`.slice(0, 256));
    await Promise.all(ids.map((id) => jobs.enqueueIn('stamp', null, '1h', { id })));
    expect(await Promise.all(ids.map((id) => jobs.getStatus(id)))).toEqual(ids.map(() => 'pending'));
    expect(await Promise.all(ids.map((id) => jobs.cancel(id, `of "${id}"`)))).toEqual(ids.map(() => true));
    expect(await Promise.all(ids.map((id) => jobs.getStatus(id)))).toEqual(ids.map(() => 'cancelled'));
  });

  it('that cannot be stored as they are, or are kept for others, are refused by name before anything is stored', async () => {
    for (const id of BAD) {
      const entries = [
        { job: 'stamp', options: { id: `beside-${id?.length}` } },
        { job: 'stamp', options: { id } },
      ];
      for (const call of [
        () => jobs.enqueue('stamp', null, { id }),
        () => jobs.enqueueIn('stamp', null, '1s', { id }),
        () => jobs.enqueueAt('stamp', null, new Date(), { id }),
        () => jobs.enqueueMany(entries),
      ]) {
        const error: unknown = await call().catch((thrown: unknown) => thrown);
        expect([id, error]).toEqual([id, expect.any(EnqueueOptionsError)]);
        expect((error as EnqueueOptionsError).message).toMatch(/^Enqueue option "id" is /);
        expect((error as EnqueueOptionsError).details).toMatchObject({ field: 'id' });
      }
      expect(await jobs.getStatus(entries[0]!.options.id)).toBeUndefined();
    }
  });

  it('that no execution can have are unknown everywhere, and a call with one changes nothing', async () => {
    for (const id of BAD) {
      expect([id, await jobs.getStatus(id)]).toEqual([id, undefined]);
      expect([id, await jobs.cancel(id)]).toEqual([id, false]);
      await expect(jobs.retry(id)).rejects.toBeInstanceOf(ExecutionUnknownError);
      expect(await history.getExecution(id)).toBeUndefined();
      expect(await history.getLogs(id)).toEqual([]);
    }
    const handles = await Promise.all(['default', 'low'].map((queue) => jobs.enqueue('file', null, { queue })));
    expect(await Promise.all(handles.map((handle) => handle.finished()))).toEqual(['filed', 'filed']);
    const infos = await jobs.getQueues();
    expect(infos.map(({ name, paused }) => [name, paused])).toEqual([['default', false], ['low', false]]); // prettier-ignore
  });

  it('are unique over all jobs: that of another job is refused, and the error names it', async () => {
    await (await jobs.enqueue('stamp', null, { id: 'order-1' })).finished();
    const named = /"order-1".*job "stamp"/;
    await expect(jobs.enqueue('file', null, { id: 'order-1' })).rejects.toThrow(named);
    await expect(jobs.enqueue('file', null, { id: 'order-1', queue: 'low' })).rejects.toThrow(named);
    const both = [
      { job: 'stamp', options: { id: 'order-2' } },
      { job: 'file', options: { id: 'order-2' } },
    ];
    expect(await codeOf(jobs.enqueueMany(both))).toBe('ENQUEUE_INVALID');
    expect(await jobs.getStatus('order-2')).toBeUndefined();
    expect(await codeOf(jobs.retry('order-1'))).toBe(new ExecutionNotFailedError('order-1', 'completed').code);
  });
});
