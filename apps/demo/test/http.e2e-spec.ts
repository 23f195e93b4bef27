import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobService } from 'nestjs-job-scheduler';
import request from 'supertest';
import { randomPrefix } from '../../../test/support/prefix.js';
import { AppModule } from '../src/app.module.js';
import { NewsroomConfig } from '../src/newsroom.config.js';

let app: INestApplication<Server>;
let dataDirectory: string;
const urlBefore = process.env['JOBS_URL'];

beforeAll(async () => {
  process.env['JOBS_URL'] = process.env['TEST_REDIS_URL'];
  dataDirectory = await mkdtemp(join(tmpdir(), 'newsroom-'));
  const config = new NewsroomConfig({
    dataDirectory,
    jobsPrefix: randomPrefix(),
    jobs: { 'articles:import': { runOnStart: false } },
  });
  const testing = await Test.createTestingModule({ imports: [AppModule.register(config)] }).compile();
  app = testing.createNestApplication<INestApplication<Server>>({ logger: false });
  await app.init();
});

afterAll(async () => {
  await app.close();
  await rm(dataDirectory, { recursive: true });
  if (urlBefore === undefined) delete process.env['JOBS_URL'];
  else process.env['JOBS_URL'] = urlBefore;
});

const post = (body: object) => request(app.getHttpServer()).post('/jobs').send(body);

describe('POST /jobs', () => {
  it('enqueues a job, whose status can be asked for until it has run', async () => {
    const { body } = await post({ job: 'articles:ingest', payload: { directory: 'zod' }, id: 'ingest-zod' }).expect(
      202,
    );
    expect(body).toEqual({
      id: 'ingest-zod',
      job: 'articles:ingest',
      queue: 'critical',
      duplicate: false,
      status: '/jobs/ingest-zod',
    });
    const handle = await app.get(JobService).enqueue('articles:ingest', { directory: 'zod' }, { id: 'ingest-zod' });
    expect(handle.duplicate).toBe(true);
    await expect(handle.finished({ timeout: '20s' })).resolves.toEqual({ article: expect.stringMatching(/^zod@/) });
    await request(app.getHttpServer()).get('/jobs/ingest-zod').expect(200, { id: 'ingest-zod', status: 'completed' });
  });

  it('takes a job for later', async () => {
    const { body } = await post({ job: 'news:digest', in: '1h' }).expect(202);
    await request(app.getHttpServer())
      .get(body.status as string)
      .expect(200, { id: body.id as string, status: 'pending' });
    await post({ job: 'news:digest', at: new Date(Date.now() + 3_600_000).toISOString() }).expect(202);
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
  ])('answers %j with 400 and the reason', async (body, reason) => {
    const answer = await post(body).expect(400);
    expect([answer.body.message].flat().join('\n')).toMatch(reason);
  });

  it('answers with 400 what is no JSON', async () => {
    await request(app.getHttpServer()).post('/jobs').set('content-type', 'application/json').send('{job').expect(400);
  });

  it('fails a package outside the library, without a retry', async () => {
    const payload = { directory: '../../../etc' };
    const handle = await app.get(JobService).enqueue('articles:ingest', payload);
    await expect(handle.finished({ timeout: '20s' })).rejects.toThrow('not a package of this library');
  });
});

describe('GET', () => {
  it('/health says how the store, the workers and the queues are', async () => {
    const { body } = await request(app.getHttpServer()).get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'ok',
      details: { jobs: { status: 'up', worker: { state: 'running', concurrency: 10, fleet: 1 } } },
    });
    expect(Object.keys(body.details.jobs.queues as object)).toEqual([
      'critical',
      'news',
      'wechat',
      'analytics',
      'default',
    ]);
  });

  it('/jobs lists jobs, queues and schedules', async () => {
    const { body } = await request(app.getHttpServer()).get('/jobs').expect(200);
    const names = (body.jobs as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['news:scheduled_publisher', 'news:expiration', 'db:backup']));
    expect(body.schedules).toContainEqual(expect.objectContaining({ job: 'newsroom:pulse', schedule: 'every 1s' }));
  });

  it('/jobs/:id answers 404 for an unknown id', async () => {
    await request(app.getHttpServer()).get('/jobs/nobody').expect(404);
  });
});
