/** The HTTP API, the same on Express and on Fastify: one job from its creation to its end, queues and targets. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ExecutionList, JobDetail, LogLineList, Stats } from '#src/http/schemas/execution.schema.js';
import { Job, JobPage } from '#src/http/schemas/job.schema.js';
import { Queue, Queues, Targets } from '#src/http/schemas/queue.schema.js';
import { until } from '../support/until.js';
import { Api, conforming, platforms, problem, curlBody } from './app.js';

Logger.overrideLogger(false);

const run = promisify(execFile);

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start({ platform, scheduler: { maxPayload: 2_000 } });
  });
  afterAll(() => api.close());

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
      executionId = await api.started(`jobs/${id}/trigger`);
      expect(await api.ended(executionId, 'completed')).toMatchObject({
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
