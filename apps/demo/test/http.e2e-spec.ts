import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../../../test/support/prefix.js';
import { AppModule } from '../src/app.module.js';
import { QUEUES } from '../src/job-scheduler.options.js';
import { NewsroomConfig } from '../src/newsroom.config.js';
import { WAIT } from '../../../test/support/machine.js';

let app: INestApplication;
let url: string;
let dataDirectory: string;
const urlBefore = process.env['JOBS_URL'];

beforeAll(async () => {
  process.env['JOBS_URL'] = 'memory:';
  dataDirectory = await mkdtemp(join(tmpdir(), 'newsroom-'));
  const config = new NewsroomConfig({
    dataDirectory,
    jobsPrefix: randomPrefix(),
    jobs: { 'articles:import': { runOnStart: false } },
  });
  const testing = await Test.createTestingModule({ imports: [AppModule.register(config)] }).compile();
  app = testing.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app.close();
  await rm(dataDirectory, { recursive: true });
  if (urlBefore === undefined) delete process.env['JOBS_URL'];
  else process.env['JOBS_URL'] = urlBefore;
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function get(path: string): Promise<Answer> {
  const response = await fetch(`${url}${path}`, { headers: { connection: 'close' } });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function post(body: object | string): Promise<Answer> {
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { connection: 'close', 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

describe('POST /jobs', () => {
  it('enqueues a job, whose status can be asked for until it has run', async () => {
    const ingest = { job: 'articles:ingest', payload: { directory: 'zod' }, id: 'ingest-zod' };
    expect(await post(ingest)).toEqual({
      status: 202,
      body: {
        id: 'ingest-zod',
        job: 'articles:ingest',
        queue: 'critical',
        duplicate: false,
        status: '/jobs/ingest-zod',
      },
    });
    const handle = await app.get(JobService).enqueue(ingest.job, ingest.payload, { id: ingest.id });
    expect(handle.duplicate).toBe(true);
    await expect(handle.finished(WAIT)).resolves.toEqual({ article: expect.stringMatching(/^zod@/) });
    expect(await get('/jobs/ingest-zod')).toEqual({ status: 200, body: { id: 'ingest-zod', status: 'completed' } });
  });

  it('takes a job for later', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    for (const when of [{ in: '1h' }, { at: inAnHour }]) {
      const { status, body } = await post({ job: 'news:digest', ...when });
      expect(status).toBe(202);
      expect(await get(String(body['status']))).toMatchObject({ status: 200, body: { status: 'pending' } });
    }
  });

  it.each([
    [{}, /job: Invalid input/],
    [{ job: '' }, /job: Too small/],
    [{ job: 'news:digest', delay: 5 }, /Unrecognized key: "delay"/],
    [{ job: 'news:digest', at: 'tomorrow' }, /at: Invalid ISO datetime/],
    [{ job: 'news:digest', at: '2030-01-01T00:00:00Z', in: '5s' }, /Give "at" or "in", not both/],
    [{ job: 'news:digest', in: 'soon' }, /"soon" is not a duration/],
    [{ job: 'news:digst' }, /Did you mean "news:digest"/],
    [{ job: 'articles:ingest' }, /does not fit its schema/],
    [{ job: 'articles:ingest', payload: { directory: 5 } }, /directory: Invalid input/],
    [{ job: 'articles:ingest', payload: { directory: 'zod', version: 4 } }, /Unrecognized key: "version"/],
    ['{job', /JSON/],
  ])('answers %j with 400 and the reason', async (body, reason) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect([answer.body['message']].flat().join('\n')).toMatch(reason);
  });

  it.each(['../../../escaped', '..%2f', 'a/../../b', '漢'.repeat(256), 'bullmq', 'wait', '{x}:{y}', '😀 <&>"'])(
    'runs a job that writes files under the id %j, and answers where to ask for it',
    async (id) => {
      const { status, body } = await post({ job: 'news:digest', id });
      expect([status, body['id']]).toEqual([202, id]);
      const handle = await app.get(JobService).enqueue('news:digest', undefined, { id });
      await expect(handle.finished(WAIT)).resolves.toMatchObject({ path: expect.stringContaining(dataDirectory) });
      expect(await get(String(body['status']))).toEqual({ status: 200, body: { id, status: 'completed' } });
    },
  );

  it.each(['..', '.', 'a\nb', 'a\0b', '\ud83d', 'bullmq:default:wait', 'bullmq:critical:meta', 'x'.repeat(257)])(
    'refuses the id %j by name',
    async (id) => {
      const { status, body } = await post({ job: 'news:digest', id });
      expect([status, body['code']]).toEqual([400, 'ENQUEUE_INVALID']);
      expect(body['message']).toMatch(/^Enqueue option "id" is /);
    },
  );

  it('leaves nothing where it should not', async () => {
    const written = await readdir(dirname(dataDirectory));
    expect(written.filter((name) => /escaped|draft/.test(name))).toEqual([]);
    expect(await readdir(join(dataDirectory, 'digests'))).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d\.md$/)]);
  });

  it('fails a package outside the library, without a retry', async () => {
    const handle = await app.get(JobService).enqueue('articles:ingest', { directory: '../../../etc' });
    await expect(handle.finished(WAIT)).rejects.toThrow('not a package of this library');
  });
});

describe('GET', () => {
  it('/health says how the store, the workers and the queues are', async () => {
    const queues = Object.fromEntries(Object.keys(QUEUES).map((name) => [name, expect.anything()]));
    expect(await get('/health')).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        details: { jobs: { status: 'up', worker: { state: 'running', concurrency: 10, fleet: 1 }, queues } },
      },
    });
  });

  it('/jobs lists jobs, queues and schedules', async () => {
    const { body } = await get('/jobs');
    for (const name of ['news:scheduled_publisher', 'news:expiration', 'news:analytics', 'db:backup']) {
      expect(body['jobs']).toContainEqual(expect.objectContaining({ name }));
    }
    expect(body['queues']).toHaveLength(Object.keys(QUEUES).length);
    expect(body['schedules']).toContainEqual(expect.objectContaining({ job: 'newsroom:pulse', schedule: 'every 1s' }));
  });

  it('/jobs/:id answers 404 for an unknown id', async () => {
    expect((await get('/jobs/nobody')).status).toBe(404);
  });
});
