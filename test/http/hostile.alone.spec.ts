/**
 * Hostile input: no answer is a 5xx, nothing is stored outside its place, no secret is told, and nothing blocks the process.
 * Each platform with the store of another kind. `fuzz.spec.ts` has requests that are merely wrong.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { JobHistory, LockService, type EnqueueOptions } from 'nestjs-job-scheduler';
import { figure } from '../support/figure.js';
import { sharedStores } from '../support/stores.js';
import { Api, curlBody, platforms } from './app.js';
import { BlockMeter } from './block-meter.js';
import { HOSTILE_TEXTS, hostilePaths, LARGEST, largeValues, longTexts } from './hostile-values.js';
import { RawClient, type RawAnswer } from './raw-client.js';

Logger.overrideLogger(false);

/** What stands in a connection string, an environment or a stack. */
const SECRET = /s3cr3t|me:pw|\n\s+at |node_modules|SELECT |libs\/job-scheduler|:\d+:\d+\)/;

/** Node's own bound is 16 KiB for all headers and the path. */
const LONGEST_LINE = 12_000;

const describeStores = platforms.map((platform, n) => [platform, ...sharedStores[n % sharedStores.length]!] as const);

describe.each(describeStores)('on %s and %s', (platform, _store, connection) => {
  let api: Api;
  let job: string;
  let client: RawClient;
  const meter = new BlockMeter();

  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { connection } });
    client = new RawClient(api.url);
    const { body } = await api.call('POST', 'jobs', { ...curlBody, cronExpression: '0 0 1 1 *' });
    job = String(body['id']);
    const failing = await api.jobs.enqueue('failing.job', null, { id: 'failed-1' });
    await failing.finished().catch(() => undefined);
  });
  afterAll(async () => {
    client.close();
    await api.close();
  });

  const check = async (what: string, calling: Promise<RawAnswer>, exceptFor: readonly number[] = []) => {
    const { status, text } = await calling;
    const fault = status >= 500 && !exceptFor.includes(status) ? `status ${status}` : SECRET.exec(text)?.[0];
    if (fault !== undefined) throw new Error(`${what.slice(0, 300)}: ${fault}\n${text.slice(0, 500)}`);
    return status;
  };

  const state = async () => ({
    schedules: (await api.schedules.list()).map(({ next: _, ...schedule }) => schedule),
    queues: await api.jobs.getQueues(),
    ended: (await api.app.get(JobHistory).find({})).items.map(({ id, status }) => [id, status]),
  });

  it('a block of the event loop is seen', async () => {
    // By both measures: other threads of the process use the processor, too.
    const spin = async () => {
      const end = performance.now() + 60;
      for (const before = process.cpuUsage(); performance.now() < end || process.cpuUsage(before).user < 60_000;);
    };
    expect(await meter.blockDuring(spin)).toBeGreaterThan(50);
  });

  it('texts in every place of a path, a query and a header', async () => {
    const before = await state();
    for (const text of HOSTILE_TEXTS) {
      const part = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\0'));
      const targets = hostilePaths(part);
      await Promise.all(targets.map(([method, path]) => check(`${method} ${path}`, client.call(method, path))));
      const header = text.replace(/[^\t\x20-\x7e]/g, '?');
      await check('If-Match', client.call('PUT', `jobs/${job}/status`, { status: 'x' }, { 'if-match': header }));
      await check(
        'Last-Event-ID',
        client.call('GET', `jobs/${job}/logs/stream`, undefined, { 'last-event-id': header }),
      );
      await check('Accept', client.call('GET', 'jobs', undefined, { accept: header, 'accept-encoding': header }));
    }
    expect(await state()).toEqual(before);
  });

  it('cursors whose content is made up', async () => {
    const parts: unknown[] = [null, [], [1], ['x', 'y'], [1, 'a\0b'], [Number.MAX_SAFE_INTEGER, 'x'], [-1, '\ud800'], [-9e15, '', ''], [1, 'default', 'a\0b'], [1, 'x'.repeat(500), 'y'], { length: 2 }, [8.64e15, 'zz']]; // prettier-ignore
    for (const content of parts) {
      const cursor = Buffer.from(JSON.stringify(content)).toString('base64url');
      for (const path of [
        'executions?before=',
        'executions?status=pending&before=',
        'dead-letters?before=',
        'jobs?after=',
        `jobs/${job}/detail?before=`,
      ]) {
        await check(`${path}${JSON.stringify(content)}`, client.call('GET', path + cursor));
      }
    }
  });

  it('texts in every field of a body', async () => {
    const before = await state();
    for (const text of HOSTILE_TEXTS) {
      // Valid names for people are stored, so they go where something else is wrong.
      for (const field of Object.keys({ ...curlBody, id: 1, timezone: 1, overlap: 1, misfirePolicy: 1, remark: 1 })) {
        await check(`POST jobs ${field}`, client.call('POST', 'jobs', { ...curlBody, [field]: text, concurrent: 'x' }));
      }
      for (const body of [{ id: text }, { job: text }, { queue: text }, { olderThan: text }, { [text]: 1 }, text]) {
        await check(`retry ${JSON.stringify(body)}`, client.call('POST', 'dead-letters/retry', body && typeof body === 'object' && 'job' in body && text === '' ? {} : body)); // prettier-ignore
      }
      await check('cancel', client.call('POST', 'executions/failed-1/cancel', { reason: text }));
    }
    expect(await state()).toEqual(before);
  });

  it('ids of jobs that a client chooses: each works under that very id, or is refused', async () => {
    for (const id of HOSTILE_TEXTS) {
      const status = await check(id, client.call('POST', 'jobs', { ...curlBody, id }));
      expect([201, 400]).toContain(status);
      if (status !== 201) continue;
      expect((await api.schedules.get(id)).id).toBe(id);
      expect(await check(id, client.call('GET', `jobs/${encodeURIComponent(id)}`))).toBe(200);
      expect(await check(id, client.call('DELETE', `jobs/${encodeURIComponent(id)}`))).toBe(204);
    }
  });

  it('the longest texts and the largest bodies block no longer than harmless ones of their size', async () => {
    const before = await state();
    const size = LARGEST[platform];
    // Written once: what the client takes for it is not the server's.
    const sending = (what: string, value: unknown) => {
      const json = JSON.stringify(value);
      return () => check(`${what} ${json.slice(0, 80)}`, client.call('POST', 'jobs', json));
    };
    const wrong = (field: string, value: unknown) => sending(field, { ...curlBody, concurrent: 'x', [field]: value });
    for (const value of [...longTexts(250), ...longTexts(size / 8)]) {
      for (const field of ['cronExpression', 'timezone', 'invokeTarget', 'id', 'status']) {
        const kind = `${field} ${value.length}`;
        await meter.check(`${field} ${value}`, wrong(field, value), kind, wrong(field, 'x'.repeat(value.length)));
      }
    }
    for (const value of largeValues(size)) {
      const what = JSON.stringify(value).slice(0, 60);
      await meter.check(what, wrong('invokeParams', value), 'params', wrong('invokeParams', 'x'.repeat(size)));
      await meter.check(what, sending(what, value), 'remark', wrong('remark', 'x'.repeat(size)));
      for (const path of ['jobs/x/trigger', 'dead-letters/retry', 'executions/x/cancel']) {
        const json = JSON.stringify(value);
        await meter.bound(`${path} ${what}`, () => check(path, client.call('POST', path, json)));
      }
    }
    for (const text of longTexts(LONGEST_LINE / 9)) {
      const part = encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''));
      const harmless = () => check('harmless', client.call('GET', `executions?before=${'x'.repeat(part.length)}`));
      for (const path of ['executions?before=', 'dead-letters?olderThan=', 'jobs?jobName=', 'stats/', 'queues/']) {
        await meter.check(path + text, () => check(path + text, client.call('GET', path + part)), 'query', harmless);
      }
      const header = text.replace(/[^\t\x20-\x7e]/g, '?');
      const deletion = () => client.call('DELETE', `jobs/${job}`, undefined, { 'if-match': header });
      await meter.check(`if-match ${text}`, () => check('if-match', deletion()), 'query', harmless);
    }
    expect(await state()).toEqual(before);
  });

  it('in code: each call is refused with an error of ours, and blocks no longer than a harmless one', async () => {
    const history = api.app.get(JobHistory);
    const locks = api.app.get(LockService);
    const refused = async (work: () => Promise<unknown>) => {
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown as Error & { code?: unknown },
      );
      if (error === undefined) return;
      expect(error.code).toMatch(/^[A-Z]+_[A-Z_]+$/);
      expect(['STORE_UNAVAILABLE', 'INTERNAL']).not.toContain(error.code);
      expect(error.message.length).toBeLessThan(10_000);
    };
    const calls: [what: string, call: (text: string) => Promise<unknown>][] = [
      ['getStatus', (text) => api.jobs.getStatus(text)],
      ['cancel', (text) => api.jobs.cancel(text, text)],
      ['retry', (text) => api.jobs.retry(text)],
      ['execution', (text) => history.getExecution(text)],
      ['history', (text) => history.find({ before: text })],
      ['schedule', (text) => api.schedules.get(text)],
      ['job', (text) => api.jobs.enqueue(`${text}-no-job`, null)],
      ['queue', (text) => api.jobs.enqueue('my.job', null, { queue: `${text}-no-queue` })],
      [
        'metadata',
        (text) => api.jobs.enqueue('my.job', null, { metadata: { [text]: 5 } } as unknown as EnqueueOptions),
      ],
      ['in', (text) => api.jobs.enqueueIn('my.job', null, `${text}!` as '1s')],
      ['lock', (text) => locks.acquire('hostile', text as '1s')],
      ['new schedule', (text) => api.schedules.create({ job: 'my.job', schedule: `${text}!` })],
    ];
    for (const text of HOSTILE_TEXTS) await Promise.all(calls.map(([, work]) => refused(() => work(text))));
    for (const text of [...longTexts(250), ...longTexts(200_000)]) {
      for (const [what, work] of calls) {
        const harmless = () => refused(() => work('x'.repeat(text.length)));
        await meter.check(`${what} ${text}`, () => refused(() => work(text)), `${what} ${text.length}`, harmless);
      }
    }
  });

  it('leaves the app as it was: queues take jobs, nothing of it stands beside the prefix', async () => {
    for (const queue of ['critical', 'default', 'low']) {
      const handle = await api.jobs.enqueue('my.job', { queue }, { queue });
      expect(await handle.finished()).toEqual({ queue });
    }
    // Other files use the same server, each with a prefix of its own: t and 12 hexadecimal digits.
    const keys = connection.startsWith('redis') ? await keysOf(connection) : [];
    expect(keys.filter((key) => !/^\{t[0-9a-f]{12}(:[\w.-]+)?\}:/.test(key))).toEqual([]);
    figure(
      `hostile input on ${platform}: the event loop stood still for ${meter.longest.ms.toFixed(1)} ms at most (${meter.longest.of.slice(0, 60)})`,
    );
  });
});

async function keysOf(url: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    return await redis.keys('*');
  } finally {
    redis.disconnect();
  }
}
