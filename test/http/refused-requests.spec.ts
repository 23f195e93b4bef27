/** The HTTP API, the same on Express and on Fastify: requests that are refused. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Api, platforms, problem, curlBody } from './app.js';

Logger.overrideLogger(false);

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { maxPayload: 2_000 } });
  });
  afterAll(() => api.close());

  describe('a bad request', () => {
    const deep = JSON.parse(`${'['.repeat(150)}${']'.repeat(150)}`) as unknown;
    it.each<[body: unknown, ...errors: object[]]>([
      [
        { ...curlBody, colour: 'red' },
        { pointer: '#/colour', detail: expect.stringContaining('Unknown name') },
      ],
      [{ ...curlBody, jobName: undefined }, { pointer: '#/jobName' }],
      [{ ...curlBody, jobName: '' }, { pointer: '#/jobName' }],
      [{ ...curlBody, jobName: 'x'.repeat(129) }, { pointer: '#/jobName' }],
      [{ ...curlBody, jobName: 'a\0b' }, { pointer: '#/jobName' }],
      [{ ...curlBody, jobGroup: ['DEFAULT'] }, { pointer: '#/jobGroup' }],
      [{ ...curlBody, status: 0 }, { pointer: '#/status' }],
      [{ ...curlBody, status: '2' }, { pointer: '#/status' }],
      [{ ...curlBody, misfirePolicy: '0' }, { pointer: '#/misfirePolicy' }],
      [{ ...curlBody, concurrent: 'yes' }, { pointer: '#/concurrent' }],
      [{ ...curlBody, overlap: 'skip', concurrent: '0' }, { pointer: '#/overlap' }],
      [
        { ...curlBody, invokeParams: deep },
        { pointer: '#/invokeParams', detail: expect.stringContaining('100 levels') },
      ],
      [
        { ...curlBody, id: 'code:mine' },
        { pointer: '#/id', code: 'SCHEDULE_INVALID' },
      ],
      [
        { ...curlBody, cronExpression: '61 * * * *' },
        { pointer: '#/cronExpression', code: 'SCHEDULE_INVALID' },
      ],
      [
        { ...curlBody, timezone: 'Mars' },
        { pointer: '#/timezone', code: 'SCHEDULE_INVALID' },
      ],
      [
        { ...curlBody, invokeTarget: 'my.jbo' },
        { pointer: '#/invokeTarget', code: 'JOB_UNKNOWN', detail: expect.stringContaining('Did you mean "my.job"?') },
      ],
      [
        { ...curlBody, invokeTarget: 'strict.job', invokeParams: { day: 5 } },
        { pointer: '#/invokeParams/day', code: 'PAYLOAD_INVALID', detail: expect.stringContaining('expected string') },
      ],
      [
        { status: 0, 'a/b~c': 1 },
        { pointer: '#/jobName' },
        { pointer: '#/invokeTarget' },
        { pointer: '#/cronExpression' },
        { pointer: '#/status' },
        { pointer: '#/a~1b~0c' },
      ],
    ])('POST jobs %j: says where and what, and stores nothing', async (body, ...errors) => {
      const before = await api.schedules.list();
      const answer = problem(await api.call('POST', 'jobs', body));
      expect(answer).toMatchObject({ status: 400, code: expect.stringMatching(/^(REQUEST|SCHEDULE)_INVALID$/) });
      expect(answer.errors).toEqual(errors.map((error) => expect.objectContaining(error)));
      expect(await api.schedules.list()).toHaveLength(before.length);
    });

    it.each(['{', '[]', '"text"', 'null', '{"jobName":', '\ud800', '{"__proto__":{"a":1}}'])(
      'POST jobs %j is refused',
      async (body) => {
        expect(problem(await api.call('POST', 'jobs', body))).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
      },
    );

    it.each(['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}'])(
      'invokeParams %s are refused, not mended',
      async (params) => {
        const body = JSON.stringify({ ...curlBody, invokeParams: 'PARAMS' }).replace('"PARAMS"', params);
        expect(problem(await api.call('POST', 'jobs', body))).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
        expect({}).not.toHaveProperty('a');
      },
    );

    it('a body that is no JSON by its type is refused, also where an app parses it', async () => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml'])
        for (const [method, path] of [
          ['POST', 'jobs'],
          ['POST', 'jobs/code:code.job/trigger'],
          ['PUT', 'jobs/code:code.job/status'],
        ] as const) {
          const answer = await api.call(method, path, 'status=1', { 'content-type': type });
          expect(problem(answer)).toMatchObject({ status: 415, code: 'REQUEST_TYPE_UNSUPPORTED' });
        }
    });

    it('a body, a payload or a text over its bound is refused', async () => {
      const large = { ...curlBody, invokeParams: 'x'.repeat(3_000_000) };
      expect(problem(await api.call('POST', 'jobs', large))).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
      const payload = { ...curlBody, invokeParams: 'x'.repeat(3_000) };
      expect(problem(await api.call('POST', 'jobs', payload))).toMatchObject({
        status: 413,
        code: 'SCHEDULE_INVALID',
        errors: [{ pointer: '#/invokeParams', code: 'PAYLOAD_TOO_LARGE' }],
      });
    });

    it.each([
      ['GET', 'jobs?limit=0', 'limit'],
      ['GET', 'jobs?limit=201', 'limit'],
      ['GET', 'jobs?limit=1e2', 'limit'],
      ['GET', 'jobs?limit=1&limit=2', 'limit'],
      ['GET', 'jobs?status=enabled', 'status'],
      ['GET', 'jobs?order=asc', 'order'],
      ['GET', 'jobs?after=garbage', 'after'],
      ['GET', `jobs?after=${Buffer.from('[1]').toString('base64url')}`, 'after'],
      ['GET', 'jobs/a%00b', 'id'],
      ['GET', 'executions?status=done', 'status'],
      ['GET', 'executions?before=', 'before'],
      ['GET', 'executions/x/logs?after=-1', 'after'],
      ['GET', 'executions/x/logs?limit=1001', 'limit'],
      ['GET', 'dead-letters?limit=-1', 'limit'],
    ])('%s %s: names the parameter', async (method, path, parameter) => {
      expect(problem(await api.call(method, path))).toMatchObject({
        status: 400,
        code: 'REQUEST_INVALID',
        errors: [{ parameter }],
      });
    });

    it.each([
      ['POST', 'dead-letters/retry', {}],
      ['POST', 'dead-letters/discard', { all: false }],
      ['POST', 'dead-letters/discard', { id: 'x', all: true }],
      ['POST', 'dead-letters/discard', { all: true, queue: 'low' }],
      ['POST', 'executions/x/cancel', { reason: 5 }],
      ['POST', 'queues/low/pause', { for: '5m' }],
      ['PUT', 'jobs/code:code.job/status', {}],
      ['PUT', 'jobs/code:code.job/status', { status: '1', force: true }],
      ['PUT', 'jobs/code:code.job', { concurrent: '1', overlap: 'allow' }],
      ['DELETE', 'jobs/code:code.job', { force: true }],
    ])('%s %s %j is refused', async (method, path, body) => {
      expect(problem(await api.call(method, path, body)).status).toBeGreaterThanOrEqual(400);
      expect(await api.schedules.get('code:code.job')).toMatchObject({ enabled: true });
    });

    it.each([
      ['GET', 'nothing', 404],
      ['GET', 'jobs/a/b/c/d', 404],
      ['PATCH', 'jobs', 404],
      ['DELETE', 'jobs', 404],
      ['POST', 'stats', 404],
      ['GET', 'jobs/%ZZ', 400],
      ['GET', 'executions/%C0%80', 400],
    ])('%s %s leads nowhere', async (method, path, status) => {
      expect(problem(await api.call(method, path))).toMatchObject({ status });
    });
  });
});
