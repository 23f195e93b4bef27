/** Streams over HTTP as their clients see them. */
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Injectable,
  Logger,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ScheduleService } from 'nestjs-job-scheduler';
import type { Observable } from 'rxjs';
import { StoreHolder } from '#src/store/store-holder.js';
import { EventBus } from '#src/events/event-bus.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { platforms, serve, StreamClient, talkOf, type Platform, type Served } from './kit.js';
import { storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const redis = process.env.TEST_REDIS_URL!;
const postgres = process.env.TEST_POSTGRES_URL;
const served: Served[] = [];
const clients: StreamClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.drop();
  await Promise.all(served.splice(0).map(({ app }) => app.close()));
});

async function start(connection: string, platform: Platform = 'Express', prefix = randomPrefix()): Promise<Served> {
  const started = await serve({ connection, prefix }, { platform });
  served.push(started);
  return started;
}

async function follow({ url }: Served, path: string): Promise<StreamClient> {
  const client = new StreamClient(`${url}/${path}`);
  clients.push(client);
  return client.connect();
}

const setups: [name: string, connection: string, platform: Platform][] = [
  ['memory, Express', 'memory:', 'Express'],
  ['Redis, Fastify', redis, 'Fastify'],
  ...(postgres ? [['PostgreSQL, Express', postgres, 'Express'] as [string, string, Platform]] : []),
];

describe.each(storesOfSuite(setups))('on %s', (_name, connection, platform) => {
  it('an execution’s stream tells what is stored, then what comes, and ends with the end', async () => {
    const here = await start(connection, platform);
    const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
    const { ctx, end } = await talkOf(id);
    ctx.log('before', { n: 1 });
    const client = await follow(here, `executions/${id}/logs/stream`);
    expect([client.status, client.headers['content-type']]).toEqual([200, 'text/event-stream']);
    await until('the stored line came', () => client.told.length === 1);
    expect(client.told[0]!.data).toMatchObject({ executionId: id, job: 'talker', number: 1, data: { n: 1 } });
    expect(client.retry).toBeGreaterThan(0);

    await ctx.step('inner', () => ctx.log('live'));
    await until('the live line came', () => client.told.length === 2);
    expect(client.told[1]).toMatchObject({ type: 'log', data: { message: 'live', step: 'inner', attempt: 1 } });
    end();
    await until('the stream ended', () => client.ended);
    expect(client.messages()).toEqual(['before', 'live', 'end: completed']);
    expect(client.told[2]!.data).toMatchObject({ executionId: id, job: 'talker', status: 'completed' });

    // A browser comes again by itself, until it is told to stay away.
    await client.connect();
    expect(client.status).toBe(204);
    // Who comes late is told all, and the end.
    const late = await follow(here, `executions/${id}/logs/stream`);
    await until('the stream ended', () => late.ended);
    expect(late.told.map(({ data }) => data)).toEqual(client.told.map(({ data }) => data));
    const rest = await follow(here, `executions/${id}/logs/stream?lastEventId=${client.told[0]!.id}`);
    await until('the stream ended', () => rest.ended);
    expect(rest.messages()).toEqual(['live', 'end: completed']);
  });

  it('a job’s stream tells of all its executions, their ends too, and goes on', async () => {
    const here = await start(connection, platform);
    const schedules = here.app.get(ScheduleService);
    const mine = await schedules.create({ job: 'talker', schedule: '0 0 1 1 *' });
    const others = await schedules.create({ job: 'talker', schedule: '0 0 1 1 *' });
    const client = await follow(here, `jobs/${mine.id}/logs/stream`);
    const run = async (schedule: string, text: string, error?: Error) => {
      const { id } = await schedules.runNow(schedule);
      const { ctx, end } = await talkOf(id);
      ctx.log(text);
      end(error);
      await until('it has ended', async () => ['completed', 'failed'].includes((await here.jobs.getStatus(id))!));
      return id;
    };
    const first = await run(mine.id, 'first');
    await until('its end came', () => client.told.length === 2);
    await run(others.id, 'not mine');
    const last = await run(mine.id, 'last', new Error('no'));
    await until('its end came', () => client.told.length === 4);
    expect(client.messages()).toEqual(['first', 'end: completed', 'last', 'end: failed']);
    expect(client.told.map(({ data }) => data.executionId)).toEqual([first, first, last, last]);
    expect(client.told.map(({ data }) => data.scheduleId)).toEqual(Array(4).fill(mine.id));
    const ids = client.told.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    expect(client.ended).toBe(false);
    // All of it is replayed.
    const late = await follow(here, `jobs/${mine.id}/logs/stream`);
    await until('all came', () => late.told.length >= 4);
    expect(late.told).toEqual(client.told);
  });

  it('who comes again with Last-Event-ID misses nothing and is told nothing twice', async () => {
    const prefix = randomPrefix();
    const here = await start(connection, platform, prefix);
    // Another process of the fleet, as far as the store can see.
    const worker = await start(connection, platform, prefix);
    await here.jobs.stop();
    const { id } = await worker.jobs.enqueue({ jobName: 'talker' }, undefined);
    const { ctx, end } = await talkOf(id);
    const client = await follow(here, `executions/${id}/logs/stream`);
    let said = 0;
    const say = async (lines: number) => {
      for (let n = 0; n < lines; n++) {
        ctx.log(`line ${++said}`);
        if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    for (let round = 0; round < 6; round++) {
      await say(20);
      await until('some came', () => client.told.length > 0);
      // Wherever it is just now, also in the middle of what it has not read.
      client.drop();
      await say(30);
      await client.connect();
    }
    await say(10);
    end();
    await until('the stream ended', () => client.ended);
    expect(client.messages()).toEqual([...Array.from({ length: said }, (_, n) => `line ${n + 1}`), 'end: completed']);
  });

  it('the same for a job’s stream, with the ends of its executions', async () => {
    const here = await start(connection, platform);
    const schedules = here.app.get(ScheduleService);
    const { id: job } = await schedules.create({ job: 'talker', schedule: '0 0 1 1 *' });
    const client = await follow(here, `jobs/${job}/logs/stream`);
    const expected: string[] = [];
    for (let run = 0; run < 8; run++) {
      const { id } = await schedules.runNow(job);
      const { ctx, end } = await talkOf(id);
      for (let n = 0; n < 5; n++) {
        ctx.log(`${run}.${n}`);
        expected.push(`${run}.${n}`);
        if (n === run % 5) client.drop();
      }
      // Some ends come while it is away.
      if (run % 2) await client.connect();
      end();
      expected.push('end: completed');
      await until('it has ended', async () => (await here.jobs.getStatus(id)) === 'completed');
      if (run % 2 === 0) await client.connect();
    }
    await until('all came', () => client.told.length >= expected.length);
    expect(client.messages()).toEqual(expected);
  });
});

it('a client that does not read is waited for, and then told all in order', async () => {
  const here = await start('memory:');
  const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
  const { ctx, end } = await talkOf(id);
  const client = await follow(here, `executions/${id}/logs/stream`);
  ctx.log('line 0');
  await until('it reads', () => client.told.length === 1);
  client.response!.pause();
  const filling = 'x'.repeat(15_000);
  // More than sockets hold.
  for (let n = 1; n < 900; n++) ctx.log(`line ${n}`, { filling });
  end();
  await until('it has ended', async () => (await here.jobs.getStatus(id)) === 'completed');
  expect(client.told.length).toBeLessThan(900);
  client.response!.resume();
  await until('the stream ended', () => client.ended);
  expect(client.messages()).toEqual([...Array.from({ length: 900 }, (_, n) => `line ${n}`), 'end: completed']);
});

it('an execution that logs nothing has an end, too; an unknown one is a 404', async () => {
  const here = await start('memory:');
  const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
  const { end } = await talkOf(id);
  const client = await follow(here, `executions/${id}/logs/stream`);
  end();
  await until('the stream ended', () => client.ended);
  expect(client.messages()).toEqual(['end: completed']);
  await client.connect();
  expect(client.status).toBe(204);
  for (const path of ['executions/none/logs/stream', 'jobs/none/logs/stream']) {
    const lost = await follow(here, path);
    expect([lost.status, lost.headers['content-type']]).toEqual([
      404,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
  }
});

it('an end is told once the execution has really ended: retried by hand, cancelled while it waits, or not recorded', async () => {
  const here = await start('memory:');
  const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
  const first = await talkOf(id);
  first.ctx.log('first');
  first.end(new Error('no'));
  await until('it has failed', async () => (await here.jobs.getStatus(id)) === 'failed');
  const early = await follow(here, `executions/${id}/logs/stream`);
  await until('the stream ended', () => early.ended);
  expect(early.messages()).toEqual(['first', 'end: failed']);

  await here.jobs.retry(id);
  const second = await until('it runs again', async () => {
    const talk = await talkOf(id);
    return talk !== first && talk;
  });
  const [late] = await Promise.all([follow(here, `executions/${id}/logs/stream`), early.connect()]);
  second.ctx.log('second');
  await until('it came', () => late.told.length === 2 && early.told.length === 3);
  second.end();
  await until('both ended', () => late.ended && early.ended);
  expect(late.messages()).toEqual(['first', 'second', 'end: completed']);
  expect(early.messages()).toEqual(['first', 'end: failed', 'second', 'end: completed']);

  // Cancelled between two attempts, where no worker has it.
  const { id: waits } = await here.jobs.enqueue({ jobName: 'talker' }, undefined, { retry: { max: 1, delay: '1h' } });
  const talk = await talkOf(waits);
  talk.ctx.log('once');
  talk.end(new Error('no'));
  await until('it waits', async () => (await here.jobs.getStatus(waits)) === 'retrying');
  const patient = await follow(here, `executions/${waits}/logs/stream`);
  expect(await here.jobs.cancel(waits)).toBe(true);
  await until('the stream ended', () => patient.ended);
  expect(patient.messages()).toEqual(['once', 'end: cancelled']);
  const { logs } = here.app.get(StoreHolder).require('read logs');
  expect(await logs.ofExecution(waits, 0, 10)).toMatchObject([{ kind: 'line' }, { kind: 'end', status: 'cancelled' }]);

  const forgetful = await serve({ prefix: randomPrefix(), history: false });
  served.push(forgetful);
  const { id: unrecorded } = await forgetful.jobs.enqueue({ jobName: 'talker' }, undefined);
  const { ctx, end } = await talkOf(unrecorded);
  const client = await follow(forgetful, `executions/${unrecorded}/logs/stream`);
  ctx.log('now');
  await until('it came', () => client.told.length === 1);
  end();
  await until('the stream ended', () => client.ended);
  expect(client.messages()).toEqual(['now', 'end: completed']);
});

/** As apps have them: it makes Nest begin an answer of `@Sse()` before the handler has looked. */
@Injectable()
class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

it.each(platforms)('guards stand before streams, and wrong requests are told so, on %s', async (platform) => {
  const guarded = await serve({ prefix: randomPrefix() }, { platform, guards: [Closed] });
  served.push(guarded);
  for (const path of ['executions/x/logs/stream', 'jobs/x/logs/stream', 'events/stream'])
    expect((await follow(guarded, path)).status).toBe(403);
  expect(guarded.controller.streamCount).toBe(0);

  const open = await serve(
    { connection: redis, prefix: randomPrefix() },
    { platform, prepare: (app) => app.useGlobalInterceptors(new Passing()) },
  );
  served.push(open);
  expect((await follow(open, 'executions/x/logs/stream')).status).toBe(404);
  expect((await follow(open, 'executions/x/logs/stream?lastEventId=')).status).toBe(400);
  expect((await follow(open, 'jobs/x/logs/stream?other=1')).status).toBe(400);
  expect((await follow(open, 'events/stream')).status).toBe(200);
});

it('all events can be followed, some types, or those of one job', async () => {
  const here = await start('memory:');
  const all = await follow(here, 'events/stream');
  const ends = await follow(here, 'events/stream?type=completed,failed&job=talker');
  const none = await follow(here, 'events/stream?job=other');
  await until('the fleet tells', () => here.app.get(EventBus).wanted);
  const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
  const { ctx, end } = await talkOf(id);
  ctx.log('hello');
  end(new Error('lost redis://user:secret@host/0'));
  await until('the end came', () => ends.told.length === 1 && all.told.some(({ type }) => type === 'failed'));
  expect(all.told.map(({ type }) => type)).toEqual(['started', 'log', 'failed']);
  expect(ends.told).toMatchObject([{ type: 'failed', data: { id, job: 'talker' } }]);
  expect(JSON.stringify(ends.told)).not.toContain('secret');
  expect(none.told).toEqual([]);
  expect((await follow(here, 'events/stream?type=nothing')).status).toBe(400);
});

it('the app closes while streams are open', async () => {
  const here = await start('memory:');
  const client = await follow(here, 'events/stream');
  const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
  (await talkOf(id)).end();
  const other = await follow(here, `executions/${id}/logs/stream`);
  await here.app.close();
  await until('both ended', () => client.ended && other.ended);
  served.splice(0);
  expect(here.controller.streamCount).toBe(0);
});
