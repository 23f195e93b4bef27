/** The largest bodies that are allowed, and those of more values than are: neither blocks the process. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { figure } from '../support/figure.js';
import { sharedStores } from '../support/stores.js';
import { Api, curlBody, platforms, problem } from './app.js';
import { BlockMeter } from './block-meter.js';
import { LARGEST, largestParams } from './hostile-values.js';
import { RawClient } from './raw-client.js';

Logger.overrideLogger(false);

const both = platforms.flatMap((platform) => sharedStores.map((store) => [platform, ...store] as const));

describe.each(both)('on %s and %s', (platform, store, connection) => {
  let api: Api;
  let client: RawClient;
  const meter = new BlockMeter();

  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { connection } });
    client = new RawClient(api.url);
  });
  afterAll(async () => {
    client.close();
    await api.close();
    const { ms, of } = meter.longest;
    figure(
      `the largest bodies on ${platform} and ${store}: a block of ${ms.toFixed(1)} ms at most (${of.slice(0, 60)})`,
    );
  });

  it('jobs with the largest parameters are created, read and changed without a long block', async () => {
    for (const invokeParams of largestParams(LARGEST[platform])) {
      const json = JSON.stringify({ ...curlBody, invokeParams });
      const requests: [method: string, path: string, status: number, body?: string][] = [
        ['POST', 'jobs', 201, json],
        ['GET', 'jobs?limit=1', 200],
        ['PUT', 'jobs/large-1', 200, JSON.stringify({ ...curlBody, remark: 'changed', invokeParams })],
        ['GET', 'jobs/large-1', 200],
      ];
      expect((await api.call('POST', 'jobs', { ...curlBody, id: 'large-1' })).status).toBe(201);
      for (const [method, path, status, body] of requests)
        await meter.bound(`${method} ${path} ${json.slice(95, 160)}`, async () => {
          const answer = await client.call(method, path, body);
          if (answer.status !== status) throw new Error(answer.text.slice(0, 1_000));
        });
      for (const { id } of await api.schedules.list({ source: 'api' })) await api.schedules.delete(id);
    }
  });

  it('a body of more values than are allowed is refused, and nothing is done', async () => {
    const wide = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`k${n}`, 1]));
    for (const body of [
      { ...curlBody, invokeParams: wide },
      wide,
      Array(10_001).fill(0),
      // The first two are the values of "a" and of its one element.
      { a: [Array(9_999).fill(1)] },
    ])
      for (const [method, path] of [
        ['POST', 'jobs'],
        ['PUT', 'jobs/code:code.job'],
        ['POST', 'jobs/code:code.job/trigger'],
        ['POST', 'dead-letters/discard'],
      ] as const) {
        const answer = problem(await api.call(method, path, body));
        expect(answer).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
        expect(answer.detail).toContain('more than 10000 values');
      }
    expect((await api.schedules.list({ source: 'api' })).length).toBe(0);
    for (const body of [Array(10_000).fill(0), { a: [Array(9_998).fill(1)] }])
      expect(problem(await api.call('POST', 'dead-letters/discard', body)).status).toBe(400);
  });
});
