import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startChild, type TestChild } from '../../../test/support/child.js';
import { randomPrefix } from '../../../test/support/prefix.js';
import { until } from '../../../test/support/until.js';
import { QUEUES } from '../src/job-scheduler.options.js';

const TOKEN = 'a token of this test';
const bearer = { authorization: `Bearer ${TOKEN}` };
const basic = { authorization: `Basic ${Buffer.from(`ops:${TOKEN}`).toString('base64')}` };

interface BoardJob {
  readonly id: string;
  readonly name: string;
  readonly failedReason: string;
}

/** Bull Board's module for Nest cannot be loaded by Jest, so the newsroom runs in a process of its own, as `npm start` runs it. */
describe.each([
  ['memory:', 'memory:'],
  ['Redis', process.env['TEST_REDIS_URL']!],
])('the tools of operators, on %s', (_name, store) => {
  let newsroom: TestChild;
  let url: string;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'newsroom-'));
    newsroom = startChild('apps/demo/src/main.ts', {
      env: {
        JOBS_URL: store,
        JOBS_PREFIX: randomPrefix(),
        DATA_DIR: directory,
        // Nothing to import.
        PACKAGES_DIR: directory,
        OPERATOR_TOKEN: TOKEN,
        PORT: '0',
        NO_COLOR: '1',
      },
    });
    url = await until('the newsroom listens', () => /Listening on (\S+):/.exec(newsroom.output)?.[1], {
      within: 60_000,
    });
  });

  afterAll(async () => {
    await newsroom.signal('SIGTERM');
    await rm(directory, { recursive: true, force: true });
  });

  const call = async (path: string, headers: Record<string, string> = bearer, method = 'GET', body?: object) =>
    fetch(`${url}${path}`, {
      method,
      headers: { connection: 'close', ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  const json = async (path: string) => {
    const answer = await call(path);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as Record<string, never> & { items: unknown[] };
  };

  it.each([
    ['POST', '/v1/monitor/queues/low/pause'],
    ['PUT', '/board/api/queues/low/pause'],
  ])('%s %s does nothing for a page of another site, whatever its browser remembers', async (method, path) => {
    const answer = await call(path, { ...basic, origin: 'https://evil.example' }, method);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('another site');
    expect(await json('/v1/monitor/queues')).toMatchObject({ items: expect.not.arrayContaining([{ paused: true }]) });
  });

  it.each(['/v1/monitor/jobs', '/metrics', '/board', '/board/api/queues'])('%s asks for the token', async (path) => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic b3BzOndyb25n' }]) {
      const refused = await call(path, headers as Record<string, string>);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('Basic'),
      ]);
      expect(await refused.text()).not.toContain(TOKEN);
    }
    for (const headers of [bearer, basic]) {
      const answer = await call(path, headers);
      expect(answer.status).toBe(200);
      await answer.text();
    }
  });

  it('Bull Board lists the queues, and shows and retries a failed job, whose record goes on', async () => {
    const { queues } = (await json('/board/api/queues')) as unknown as { queues: { name: string }[] };
    expect(queues.map(({ name }) => name).toSorted()).toEqual(Object.keys(QUEUES).toSorted());

    const enqueued = await call('/jobs', {}, 'POST', { job: 'articles:ingest', payload: { directory: '../../etc' } });
    const { id } = (await enqueued.json()) as { id: string };
    const path = `/v1/monitor/executions/${encodeURIComponent(id)}`;
    const failedAttempts = async (): Promise<number> => {
      const { status, attempts } = (await json(path)) as unknown as { status: string; attempts: unknown[] };
      return status === 'failed' ? attempts.length : 0;
    };
    await until('it has failed', async () => (await failedAttempts()) === 1);
    const shown = (await json('/board/api/queues?activeQueue=critical&status=failed&page=1')) as unknown as {
      queues: { name: string; jobs: BoardJob[] }[];
    };
    const failed = shown.queues.find(({ name }) => name === 'critical')!.jobs.find((job) => job.id === id)!;
    expect(failed).toMatchObject({
      name: 'articles:ingest',
      failedReason: expect.stringContaining('not a package of this library'),
    });

    const retried = await call(`/board/api/queues/critical/${encodeURIComponent(id)}/retry`, bearer, 'PUT');
    expect(retried.status).toBeLessThan(300);
    await until('it has failed again', async () => (await failedAttempts()) === 2);
  });

  it('the REST API creates and runs a schedule of a job', async () => {
    const created = await call('/v1/monitor/jobs', bearer, 'POST', {
      jobName: 'My Job',
      jobGroup: 'DEFAULT',
      invokeTarget: 'my.job',
      invokeParams: { key: 'value' },
      cronExpression: '0 0 * * *',
      status: '0',
    });
    expect(created.status).toBe(201);
    const { id } = (await created.json()) as { id: string };
    const path = `/v1/monitor/jobs/${encodeURIComponent(id)}`;
    expect((await call(`${path}/trigger`, bearer, 'POST')).status).toBeLessThan(300);
    await until('it has completed', async () => {
      const { items } = (await json(`/v1/monitor/executions?scheduleId=${encodeURIComponent(id)}`)) as unknown as {
        items: { status: string }[];
      };
      return items[0]?.status === 'completed';
    });
    expect((await call(path, bearer, 'DELETE')).status).toBeLessThan(300);
  });

  it('the metrics name the queues', async () => {
    const text = await (await call('/metrics')).text();
    for (const queue of Object.keys(QUEUES)) expect(text).toContain(`queue="${queue}"`);
  });

  it('docs/operations.md: its commands do what they say', async () => {
    const enqueue = async (body: object) =>
      ((await (await call('/jobs', {}, 'POST', body)).json()) as { id: string }).id;
    const [failing, other] = await Promise.all([
      enqueue({ job: 'articles:ingest', payload: { directory: '../../etc' } }),
      enqueue({ job: 'my.job', in: '1h' }),
    ]);
    const created = await call('/v1/monitor/jobs', bearer, 'POST', {
      jobName: 'Of the page',
      jobGroup: 'DEFAULT',
      invokeTarget: 'my.job',
      cronExpression: '0 0 1 1 *',
    });
    const { id: schedule } = (await created.json()) as { id: string };
    await until('one has failed', async () => (await json('/v1/monitor/dead-letters')).items.length > 0);
    const [setup, ...blocks] = shellBlocks(await readFile('docs/operations.md', 'utf8'));
    const ask = setup!.split('\n').find((line) => line.startsWith('ask()'))!;
    const env = { JOBS: `${url}/v1/monitor`, TOKEN, ID: failing, OTHER: other, SCHEDULE: schedule };
    for (const block of blocks) {
      // A stream that goes on is cut off, which curl calls 28.
      const commands = block.replace(/--max-time 60 (\S+)/g, '--max-time 1 $1 || [ $? = 28 ]');
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', `${ask}\n${commands}`], {
        env: { ...process.env, ...env },
      });
      expect(stdout).not.toBe('');
    }
  });
});

function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```bash\n([^]*?)^```$/gm)].map((match) => match[1]!);
}
