/** What jobs log, as it is stored and read back. */
import { describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Job,
  JobContext,
  JobHistory,
  JobSchedulerModule,
  JobService,
  JobStep,
  type JobLogLine,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import type { LogStore } from '#src/store/ports/log-store.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

async function start(providers: Type[], options: JobSchedulerOptions = {}) {
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...options })], providers })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  const { logs } = app.get(StoreHolder).require('read logs');
  return { app, jobs: app.get(JobService), history: app.get(JobHistory), logs };
}

/** Counts the calls of `append`, and their entries. */
function countAppends(logs: LogStore): number[] {
  const append = logs.append.bind(logs);
  const sizes: number[] = [];
  logs.append = (batch) => {
    sizes.push(batch.writes.length);
    return append(batch);
  };
  return sizes;
}

const told = (lines: readonly JobLogLine[]) => lines.map(({ message }) => message);

@Injectable()
class Talk {
  static ended: Promise<void> | undefined;

  @Job({ name: 'say', retry: { max: 1, delay: 10 } })
  async say(lines: string[], ctx: JobContext) {
    for (const line of lines) ctx.log(line, { of: lines.length });
    if (lines.includes('fail') && ctx.attempt === 1) throw new Error('once more');
  }

  @Job({ name: 'many' })
  many(count: number, ctx: JobContext) {
    for (let n = 1; n <= count; n++) ctx.log(`line ${n}`);
  }

  @Job({ name: 'odd' })
  odd(_: unknown, ctx: JobContext) {
    ctx.log('x'.repeat(20_000));
    ctx.log('NUL \0 here');
    ctx.log('half \ud800 a pair');
    ctx.log('too much', { text: 'y'.repeat(20_000) });
    ctx.log('no JSON', { circle: () => undefined });
    const data = { n: 1 };
    ctx.log('as it was', data);
    data.n = 2;
  }

  @Job({ name: 'silent' })
  silent() {}

  @Job({ name: 'inline' })
  async inline(_: unknown, ctx: JobContext) {
    ctx.log('outside');
    await ctx.step('one', async () => ctx.log('inside'));
    await Promise.all([
      ctx.step('two', async () => ctx.log('alone, still')),
      ctx.step('three', async () => ctx.log('beside')),
    ]);
    ctx.log('outside again');
  }
}

@Job({ name: 'stepped' })
class Stepped {
  @JobStep() load(_: unknown, ctx: JobContext) {
    ctx.log('loading');
  }
  @JobStep({ timeout: '5s' }) async save(_: unknown, ctx: JobContext) {
    ctx.log('saving');
    await Promise.resolve();
    ctx.log('saved');
  }
}

describe.each(storesOfSuite(everyStore))('on %s', (_, connection) => {
  it('lines of all attempts are read back in order, with their data, and who wrote them', async () => {
    const { jobs, history } = await start([Talk], { connection });
    const handle = await jobs.enqueue([Talk, 'say'], ['a', 'fail']);
    await handle.finished();
    const lines = await history.getLogs(handle.id);
    expect(told(lines)).toEqual(['a', 'fail', 'a', 'fail']);
    expect(lines.map(({ attempt }) => attempt)).toEqual([1, 1, 2, 2]);
    expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(lines[0]).toEqual({
      seq: 1,
      number: 1,
      at: expect.any(Date),
      executionId: handle.id,
      job: 'say',
      attempt: 1,
      level: 'log',
      message: 'a',
      data: { of: 2 },
    });
    expect(told(await history.getLogs(handle.id, { after: lines[1]!.seq, limit: 1 }))).toEqual(['a']);
    expect(await history.getLogs('unknown')).toEqual([]);
    await history.clear([Talk, 'say']);
    expect(await history.getLogs(handle.id)).toEqual([]);
  });

  it('what came in one turn is one round trip; the newest 1,000 stay, and tell how many went', async () => {
    const { jobs, history, logs } = await start([Talk], { connection });
    const appends = countAppends(logs);
    const handle = await jobs.enqueue([Talk, 'many'], 1_250);
    await handle.finished();
    const lines = await history.getLogs(handle.id);
    expect(told(lines)).toEqual(Array.from({ length: 1_000 }, (_each, n) => `line ${n + 251}`));
    expect(lines[0]!.number - 1).toBe(250);
    // By 500; then the end.
    await until('its end is stored', () => appends.length === 4);
    expect(appends).toEqual([500, 500, 250, 1]);
  });
});

it('a job that logs nothing asks the log for nothing', async () => {
  const { jobs, logs } = await start([Talk]);
  const appends = countAppends(logs);
  await (await jobs.enqueue([Talk, 'silent'], undefined)).finished();
  await jobs.stop();
  expect(appends).toEqual([]);
});

it('what cannot be stored is cut, mended or left out, and the rest of the line stays', async () => {
  const { jobs, history } = await start([Talk]);
  const handle = await jobs.enqueue([Talk, 'odd'], undefined);
  await handle.finished();
  const lines = await history.getLogs(handle.id);
  expect(lines.map(({ message, data }) => [message.slice(0, 60), data])).toEqual([
    ['x'.repeat(60), undefined],
    ['NUL \ufffd here', undefined],
    ['half \ufffd a pair', undefined],
    ['too much (data is too long)', undefined],
    [expect.stringMatching(/^no JSON \(data is not JSON: circle is a function/), undefined],
    ['as it was', { n: 1 }],
  ]);
  expect(lines[0]!.message).toHaveLength(16_384);
});

it('a line knows its step, declared or inline', async () => {
  const { jobs, history } = await start([Talk, Stepped]);
  const stepsOf = async (handle: { id: string; finished(): Promise<unknown> }) => {
    await handle.finished();
    return (await history.getLogs(handle.id)).map(({ message, step }) => [message, step]);
  };
  expect(await stepsOf(await jobs.enqueue(Stepped, undefined))).toEqual([
    ['loading', 'load'],
    ['saving', 'save'],
    ['saved', 'save'],
  ]);
  expect(await stepsOf(await jobs.enqueue([Talk, 'inline'], undefined))).toEqual([
    ['outside', undefined],
    ['inside', 'one'],
    ['alone, still', 'two'],
    // Steps beside each other cannot be told apart.
    ['beside', undefined],
    ['outside again', undefined],
  ]);
});

it('without history nothing stays of an execution that has ended', async () => {
  const { jobs, history, logs } = await start([Talk], { history: false });
  const handle = await jobs.enqueue([Talk, 'say'], ['gone']);
  await handle.finished();
  await until('its lines are gone', async () => (await history.getLogs(handle.id)).length === 0);
  expect(await logs.latest('say')).toBe(1);
  expect(await logs.ofJob('say', 0, 10)).toEqual([]);
});
