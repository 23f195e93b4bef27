/** The HTTP API, the same on Express and on Fastify. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  Execution,
  ExecutionList,
  JobDetail,
  LogLineList,
  Started,
  Stats,
} from '../../libs/job-scheduler/src/http/schemas/execution.schema.js';
import { Job, JobPage } from '../../libs/job-scheduler/src/http/schemas/job.schema.js';
import { Queue, Queues, Targets } from '../../libs/job-scheduler/src/http/schemas/queue.schema.js';
import { until } from '../support/until.js';
import { Api, conforming, curlBody, platforms, problem } from './app.js';

Logger.overrideLogger(false);

const run = promisify(execFile);

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { maxPayload: 2_000 } });
  });
  afterAll(() => api.close());

  const create = async (more: object = {}): Promise<string> => {
    const { status, body } = await api.call('POST', 'jobs', { ...curlBody, ...more });
    expect([status, body]).toEqual([201, expect.anything()]);
    return String(body['id']);
  };
  const started = async (path: string, body?: unknown): Promise<string> => {
    const answer = await api.call('POST', path, body);
    expect([answer.status, answer.body]).toEqual([202, expect.anything()]);
    const { executionId } = conforming(Started, answer.body);
    expect(answer.headers.get('location')).toBe(`/v1/monitor/executions/${executionId}`);
    return executionId;
  };
  const ended = (id: string, status: string) =>
    until(`execution ${id} is ${status}`, async () => {
      const { body } = await api.call('GET', `executions/${id}`);
      return body['status'] === status && conforming(Execution, body);
    });

  describe('a job, from its creation to its end,', () => {
    let id: string;
    let executionId: string;

    it('is created by the curl of docs/rest.md, word for word', async () => {
      const { stdout } = await run('curl', [
        '-si',
        '-X',
        'POST',
        `${api.url}/v1/monitor/jobs`,
        '-H',
        'Content-Type: application/json',
        '-d',
        '{"jobName":"My Job","jobGroup":"DEFAULT","invokeTarget":"my.job","invokeParams":{"key":"value"},"cronExpression":"0 0 * * *","status":"0"}',
      ]);
      const [head, body] = stdout.split('\r\n\r\n') as [string, string];
      expect(head).toMatch(/^HTTP\/1.1 201 /);
      const job = conforming(Job, JSON.parse(body));
      expect(job).toEqual({
        ...curlBody,
        id: expect.any(String),
        timezone: 'UTC',
        misfirePolicy: '3',
        concurrent: '0',
        overlap: 'allow',
        remark: '',
        source: 'api',
        version: 1,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
      });
      id = job.id;
      expect(head).toMatch(new RegExp(`^location: /v1/monitor/jobs/${id}\r?$`, 'im'));
      expect(head).toMatch(/^etag: "1"\r?$/im);
    });

    it('is listed and read', async () => {
      const list = await api.call('GET', 'jobs');
      expect(list.status).toBe(200);
      const { items } = conforming(JobPage, list.body);
      expect(items).toContainEqual(
        expect.objectContaining({ ...curlBody, id, description: 'At 00:00', next: expect.any(String), previous: null }),
      );
      const read = await api.call('GET', `jobs/${id}`);
      expect([read.status, read.headers.get('etag')]).toEqual([200, '"1"']);
      expect(conforming(Job, read.body)).toMatchObject({ ...curlBody, id });
    });

    it('is disabled, and run all the same', async () => {
      const { status, headers, body } = await api.call('PUT', `jobs/${id}/status`, { status: '1' });
      expect([status, headers.get('etag')]).toEqual([200, '"2"']);
      expect(conforming(Job, body)).toMatchObject({ id, status: '1', version: 2 });
      executionId = await started(`jobs/${id}/trigger`);
      expect(await ended(executionId, 'completed')).toMatchObject({
        job: 'my.job',
        scheduleId: id,
        trigger: 'manual',
        payload: { key: 'value' },
        result: { key: 'value' },
      });
    });

    it('has its executions and its logs in its detail', async () => {
      const detail = await until('its log line is there', async () => {
        const { status, body } = await api.call('GET', `jobs/${id}/detail`);
        expect(status).toBe(200);
        const read = conforming(JobDetail, body);
        return read.logs.length > 0 && read;
      });
      expect(detail).toMatchObject({
        id,
        jobName: 'My Job',
        next: null,
        executions: [{ id: executionId, status: 'completed' }],
        logs: [{ executionId, message: 'ran', data: { payload: { key: 'value' } } }],
      });
      const logs = await api.call('GET', `executions/${executionId}/logs`);
      expect(conforming(LogLineList, logs.body).items).toMatchObject([{ executionId, scheduleId: id, message: 'ran' }]);
      const filtered = await api.call('GET', `executions?job=my.job&scheduleId=${id}&status=completed&limit=5`);
      expect(conforming(ExecutionList, filtered.body).items).toMatchObject([{ id: executionId }]);
    });

    it('has its log streamed, from the first line to the end of the execution', async () => {
      const closing = new AbortController();
      const response = await fetch(`${api.url}/v1/monitor/jobs/${id}/logs/stream`, { signal: closing.signal });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        expect.stringMatching(/^text\/event-stream/),
      ]);
      let text = '';
      for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (/^event: end$/m.test(text)) break;
      }
      closing.abort();
      expect(text).toMatch(/^event: log$\n^data: .*"message":"ran"/m);
    });

    it('has its logs cleared, and keeps its counters', async () => {
      const before = conforming(Stats, (await api.call('GET', 'stats/my.job')).body);
      expect(before.completed).toBeGreaterThan(0);
      expect((await api.call('DELETE', `jobs/${id}/logs`)).status).toBe(204);
      const { body } = await api.call('GET', `jobs/${id}/detail`);
      expect(body).toMatchObject({ executions: [], logs: [] });
      expect((await api.call('GET', 'stats/my.job')).body).toEqual(before);
      expect((await api.call('GET', `executions/${executionId}`)).status).toBe(404);
    });

    it('is deleted', async () => {
      expect((await api.call('DELETE', `jobs/${id}`)).status).toBe(204);
      for (const [method, path, body] of [
        ['GET', ''],
        ['PUT', '', {}],
        ['DELETE', ''],
        ['GET', '/detail'],
        ['PUT', '/status', { status: '0' }],
        ['POST', '/trigger'],
        ['DELETE', '/logs'],
      ] as const)
        expect(problem(await api.call(method, `jobs/${id}${path}`, body))).toMatchObject({
          status: 404,
          code: 'SCHEDULE_UNKNOWN',
          title: 'Schedule unknown',
          type: 'urn:nestjs-job-scheduler:error:SCHEDULE_UNKNOWN',
          instance: `/v1/monitor/jobs/${id}${path}`,
        });
    });
  });

  describe('a job', () => {
    it('takes its codes as they are written, and the job’s own policies where it says nothing', async () => {
      const inherits = await create({ invokeTarget: 'strict.job', invokeParams: { day: 'monday' } });
      expect((await api.call('GET', `jobs/${inherits}`)).body).toMatchObject({
        misfirePolicy: '2',
        concurrent: '1',
        overlap: 'wait',
      });
      const said = await create({
        id: `said-${platform}`,
        misfirePolicy: '1',
        concurrent: '1',
        timezone: 'Europe/Berlin',
        cronExpression: 'every 15m',
        remark: 'by hand',
        status: '1',
        invokeParams: null,
      });
      expect((await api.call('GET', `jobs/${said}`)).body).toMatchObject({
        id: `said-${platform}`,
        misfirePolicy: '1',
        concurrent: '1',
        overlap: 'skip',
        timezone: 'Europe/Berlin',
        cronExpression: 'every 15m',
        remark: 'by hand',
        status: '1',
        invokeParams: null,
      });
      expect(await api.schedules.get(said)).toMatchObject({ misfire: 'all', overlap: 'skip', payload: undefined });
      expect(problem(await api.call('POST', 'jobs', { ...curlBody, id: said }))).toMatchObject({
        status: 409,
        code: 'SCHEDULE_EXISTS',
      });
    });

    it('changes in what is said, and in nothing else', async () => {
      const id = await create({ invokeTarget: 'strict.job', invokeParams: { day: 'monday' } });
      const { body: read } = await api.call('GET', `jobs/${id}`);
      const changed = await api.call('PUT', `jobs/${id}`, { ...read, cronExpression: '30 1 * * *', remark: 'later' });
      expect(changed.status).toBe(200);
      expect(changed.body).toEqual({
        ...read,
        cronExpression: '30 1 * * *',
        remark: 'later',
        version: 2,
        updatedAt: expect.any(String),
      });
      // What was only sent back goes on to follow the registered job.
      expect(await api.schedules.get(id)).toMatchObject({ misfire: undefined, overlap: undefined, remark: 'later' });
      const concurrent = await api.call('PUT', `jobs/${id}`, { ...changed.body, concurrent: '0' });
      expect(concurrent.body).toMatchObject({ concurrent: '0', overlap: 'allow', version: 3 });
      const same = await api.call('PUT', `jobs/${id}`, concurrent.body);
      expect([same.status, same.headers.get('etag'), same.body]).toEqual([200, '"3"', concurrent.body]);
      const partial = await api.call('PUT', `jobs/${id}`, {
        invokeParams: { day: 'tuesday' },
        jobName: 'Tuesdays',
        jobGroup: 'WEEKLY',
        misfirePolicy: '1',
        overlap: 'replace',
        timezone: 'Asia/Tokyo',
        status: '1',
        remark: null,
      });
      expect(partial.body).toMatchObject({
        invokeTarget: 'strict.job',
        invokeParams: { day: 'tuesday' },
        jobName: 'Tuesdays',
        jobGroup: 'WEEKLY',
        misfirePolicy: '1',
        concurrent: '1',
        overlap: 'replace',
        timezone: 'Asia/Tokyo',
        status: '1',
        remark: '',
        version: 4,
      });
      const moved = await api.call('PUT', `jobs/${id}`, { invokeTarget: 'my.job', invokeParams: null });
      expect(moved.body).toMatchObject({ invokeTarget: 'my.job', invokeParams: null });
    });

    it('that code declares is switched, not changed or deleted', async () => {
      const path = 'jobs/code:code.job';
      const { body: read } = await api.call('GET', path);
      expect(read).toMatchObject({
        id: 'code:code.job',
        source: 'code',
        jobName: 'code.job',
        cronExpression: '0 2 * * *',
      });
      const disabled = await api.call('PUT', path, { ...read, status: '1' });
      expect([disabled.status, disabled.body['status']]).toEqual([200, '1']);
      for (const change of [{ cronExpression: '0 3 * * *' }, { status: '0', remark: 'mine' }, { jobName: 'mine' }])
        expect(problem(await api.call('PUT', path, change))).toMatchObject({ status: 409, code: 'SCHEDULE_OWNED' });
      expect(problem(await api.call('DELETE', path))).toMatchObject({ status: 409, code: 'SCHEDULE_OWNED' });
      const enabled = await api.call('PUT', `${path}/status`, { status: '0' });
      expect(enabled.body).toMatchObject({ status: '0', version: Number(read['version']) + 2 });
      const executionId = await started(`${path}/trigger`, {});
      await ended(executionId, 'completed');
    });

    it('is found by its name, group, target and status, page by page', async () => {
      const made: string[] = [];
      for (const number of [1, 2, 3, 4, 5])
        made.unshift(await create({ jobGroup: 'PAGED', jobName: `Page ${number}`, status: String(number % 2) }));
      const seen: string[] = [];
      let next: string | undefined;
      do {
        const query = `jobs?jobGroup=PAGED&limit=2${next === undefined ? '' : `&after=${next}`}`;
        const page = conforming(JobPage, (await api.call('GET', query)).body);
        expect(page.total).toBe(5);
        seen.push(...page.items.map(({ id }) => id));
        next = page.next;
        // Made meanwhile: it stands before all pages that are yet to come.
        if (seen.length === 2) await api.call('DELETE', `jobs/${await create({ jobGroup: 'PAGED' })}`);
      } while (next !== undefined);
      expect(seen).toEqual(expect.arrayContaining(made));
      expect(new Set(seen).size).toBe(5);
      for (const [query, names] of [
        ['jobName=pAGe%203', ['Page 3']],
        ['jobGroup=PAGED&status=0', ['Page 4', 'Page 2']],
        ['jobGroup=PAGED&invokeTarget=my.job&status=1&jobName=5', ['Page 5']],
        ['jobGroup=PAGED&invokeTarget=strict.job', []],
        ['jobGroup=NOBODY', []],
      ] as const) {
        const page = conforming(JobPage, (await api.call('GET', `jobs?${query}`)).body);
        expect(page.items.map(({ jobName }) => jobName).toSorted()).toEqual([...names].toSorted());
        expect(page).toMatchObject({ total: names.length });
        expect(page).not.toHaveProperty('next');
      }
    });
  });

  describe('If-Match', () => {
    it('refuses what was changed since it was read, and changes nothing', async () => {
      const id = await create();
      const stale = { 'if-match': '"1"' };
      await api.call('PUT', `jobs/${id}`, { remark: 'mine' }, stale);
      for (const [method, path, body] of [
        ['PUT', '', { remark: 'theirs' }],
        ['PUT', '', { remark: 'mine' }],
        ['PUT', '', {}],
        ['PUT', '/status', { status: '1' }],
        ['PUT', '/status', { status: '0' }],
        ['DELETE', '', undefined],
      ] as const)
        expect(problem(await api.call(method, `jobs/${id}${path}`, body, stale))).toMatchObject({
          status: 412,
          code: 'SCHEDULE_CONFLICT',
          detail: expect.stringContaining('is of version 2, not 1'),
        });
      expect((await api.call('GET', `jobs/${id}`)).body).toMatchObject({ remark: 'mine', status: '0', version: 2 });
    });

    it.each([
      ['"1", "2"', 200, 200],
      ['*', 200, 200],
      ['"7", W/"1"', 412, 412],
      ['W/"1"', 412, 412],
      ['"other"', 412, 412],
      ['"1"', 200, 412],
      ['1', 400, 400],
      ['"1', 400, 400],
      ['', 400, 400],
      ['"1" "2"', 400, 400],
    ])('%s is read as RFC 9110 says: %d for a first change, %d for a second', async (ifMatch, ...statuses) => {
      const id = await create();
      const conditional = { 'if-match': ifMatch };
      const answers = [
        await api.call('PUT', `jobs/${id}`, { remark: 'x' }, conditional),
        await api.call('PUT', `jobs/${id}/status`, { status: '1' }, conditional),
      ];
      expect(answers.map(({ status }) => status)).toEqual(statuses);
      const refused = answers.filter(({ status }) => status === 400).map(problem);
      expect(refused.map(({ code, errors }) => [code, errors?.[0]?.header])).toEqual(
        refused.map(() => ['REQUEST_INVALID', 'If-Match']),
      );
      expect((await api.call('DELETE', `jobs/${id}`, undefined, { 'if-match': '*' })).status).toBe(204);
    });
  });

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

  describe('executions', () => {
    it('stand in the detail of their job from their start to their end, page by page', async () => {
      const id = await create({ invokeTarget: 'endless.job' });
      await api.call('POST', 'queues/default/pause');
      const first = await started(`jobs/${id}/trigger`);
      expect((await api.call('GET', `jobs/${id}/detail`)).body).toMatchObject({
        executions: [{ id: first, status: 'pending', scheduleId: id }],
      });
      await api.call('POST', 'queues/default/resume');
      await ended(first, 'running');
      expect((await api.call('GET', `jobs/${id}/detail`)).body).toMatchObject({
        executions: [{ id: first, status: 'running', scheduleId: id }],
      });
      await api.call('POST', `executions/${first}/cancel`);
      await ended(first, 'cancelled');
      await api.call('PUT', `jobs/${id}`, { invokeTarget: 'my.job' });
      const second = await started(`jobs/${id}/trigger`);
      await ended(second, 'completed');
      const page = conforming(JobDetail, (await api.call('GET', `jobs/${id}/detail?limit=1`)).body);
      expect(page.executions).toMatchObject([{ id: second }]);
      const rest = await api.call('GET', `jobs/${id}/detail?before=${page.nextExecutions!}`);
      expect(conforming(JobDetail, rest.body).executions).toMatchObject([{ id: first, status: 'cancelled' }]);
    });

    it('a running one is cancelled, with the reason; one that has ended is not', async () => {
      const handle = await api.jobs.enqueue('endless.job', {});
      await ended(handle.id, 'running');
      const cancelled = await api.call('POST', `executions/${handle.id}/cancel`, { reason: 'enough' });
      expect([cancelled.status, cancelled.body]).toEqual([200, { id: handle.id, cancelled: true }]);
      expect(await ended(handle.id, 'cancelled')).toMatchObject({ reason: 'enough' });
      expect(problem(await api.call('POST', `executions/${handle.id}/cancel`))).toMatchObject({
        status: 409,
        code: 'EXECUTION_ENDED',
      });
      expect(problem(await api.call('POST', `executions/${handle.id}/retry`))).toMatchObject({
        status: 409,
        code: 'EXECUTION_NOT_FAILED',
      });
    });

    it('one that waits for its time says when that is, and is run before it', async () => {
      const { id } = await api.jobs.enqueueIn('my.job', {}, '1h');
      const path = `executions/${id}`;
      const waiting = conforming(Execution, (await api.call('GET', path)).body);
      expect(Date.parse(waiting.runAt!) - Date.parse(waiting.createdAt)).toBeGreaterThan(3_590_000);
      expect(await api.call('POST', `${path}/promote`)).toMatchObject({ status: 202, body: { executionId: id } });
      expect(await ended(id, 'completed')).not.toHaveProperty('runAt');
      expect(problem(await api.call('POST', `${path}/promote`))).toMatchObject({
        status: 409,
        code: 'EXECUTION_NOT_DELAYED',
      });
      expect(problem(await api.call('POST', 'executions/nobody/promote'))).toMatchObject({ status: 404 });
    });

    it('a failed one is told without stacks and connection strings, and retried', async () => {
      const { id } = await api.jobs.enqueue('failing.job', {});
      const failed = await ended(id, 'failed');
      expect(failed.error?.message).toBe('cannot reach redis://… through https://…@proxy.internal/x');
      expect(failed.attempts).toHaveLength(1);
      expect(failed.attempts[0]).toMatchObject({ error: { message: failed.error?.message } });
      const told = await Promise.all(
        [`executions/${id}`, 'executions?job=failing.job', 'stats', 'stats/failing.job', 'dead-letters'].map(
          async (path) => JSON.stringify((await api.call('GET', path)).body),
        ),
      );
      for (const text of told) {
        expect(text).toContain('redis://…');
        expect(text).not.toMatch(/secret|:pw@|app\.ts|db\.internal|"stack"/);
      }
      expect(await started(`executions/${id}/retry`)).toBe(id);
      await until('it has failed again', async () => {
        const { body } = await api.call('GET', `executions/${id}`);
        return body['status'] === 'failed' && (body['attempts'] as unknown[]).length > 1;
      });
    });

    it('that failed for good are listed, retried and discarded as dead letters', async () => {
      const { id } = await api.jobs.enqueue('failing.job', { of: 'letters' });
      await ended(id, 'failed');
      await until('it is a dead letter', async () => {
        const { body } = await api.call('GET', 'dead-letters?job=failing.job&queue=default');
        return (body['items'] as { id: string }[]).some((letter) => letter.id === id);
      });
      const retried = await api.call('POST', 'dead-letters/retry', { id });
      expect([retried.status, retried.body]).toEqual([200, { count: 1 }]);
      await until('it has failed again', async () => {
        const { body } = await api.call('GET', 'dead-letters?job=failing.job');
        return (body['items'] as { id: string }[]).some((letter) => letter.id === id);
      });
      const dropped = await api.call('POST', 'dead-letters/discard', { job: 'failing.job' });
      expect(dropped.body['count']).toBeGreaterThanOrEqual(1);
      expect((await api.call('GET', 'dead-letters?job=failing.job')).body).toMatchObject({ items: [] });
    });

    it('that nobody knows are not found', async () => {
      for (const [method, path] of [
        ['GET', 'executions/nobody'],
        ['GET', 'executions/nobody/logs'],
        ['POST', 'executions/nobody/retry'],
        ['POST', 'executions/nobody/cancel'],
      ] as const)
        expect(problem(await api.call(method, path))).toMatchObject({ status: 404, code: 'EXECUTION_UNKNOWN' });
    });
  });

  it('queues are listed, read, paused and resumed', async () => {
    const { items } = conforming(Queues, (await api.call('GET', 'queues')).body);
    expect(items.map(({ name }) => name)).toEqual(['critical', 'default', 'low']);
    const paused = await api.call('POST', 'queues/low/pause');
    expect(conforming(Queue, paused.body)).toMatchObject({ name: 'low', paused: true });
    expect((await api.call('GET', 'queues/low')).body).toMatchObject({ paused: true });
    expect((await api.call('POST', 'queues/low/resume', {})).body).toMatchObject({ paused: false });
    expect(problem(await api.call('GET', 'queues/critcal'))).toMatchObject({ status: 404, code: 'QUEUE_UNKNOWN' });
  });

  it('registered jobs are listed', async () => {
    const { items } = conforming(Targets, (await api.call('GET', 'targets')).body);
    expect(items).toContainEqual(
      expect.objectContaining({ name: 'strict.job', queue: 'default', overlap: 'wait', misfire: 'once' }),
    );
    expect(problem(await api.call('GET', 'stats/nobody'))).toMatchObject({ status: 404, code: 'JOB_UNKNOWN' });
  });
});
