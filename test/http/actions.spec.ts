/** What is done by hand stands in the log: one line each, with who did it where the app says so. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { actingAs, DeadLetters, JobHistory } from 'nestjs-job-scheduler';
import { until } from '../support/until.js';
import { Api, curlBody } from './app.js';

Logger.overrideLogger(false);

let api: Api;
const lines: string[] = [];

beforeAll(async () => {
  api = await Api.start({
    scheduler: { connection: 'memory:', queues: { default: 1, other: 1 } },
    http: {
      guards: [],
      caller: (request) => decodeURIComponent((request as { headers: Record<string, string> }).headers['x-user'] ?? ''),
    },
  });
  const ignore = () => undefined;
  Logger.overrideLogger({ log: (text: string) => lines.push(text), warn: ignore, error: ignore });
});
afterAll(async () => {
  Logger.overrideLogger(false);
  await api.close();
});
beforeEach(() => void lines.splice(0));

const asAda = { 'x-user': encodeURIComponent('ada\n[Nest] 1 LOG faked') };
const BY_ADA = ', by ada\\n[Nest] 1 LOG faked';

async function failed(): Promise<string> {
  const { id } = await api.jobs.enqueue('failing.job', undefined);
  await until('it has failed', async () => (await api.jobs.getStatus(id)) === 'failed');
  return id;
}

it('over HTTP, with who the app says it is, in one line whatever that holds', async () => {
  const job = (await api.call<{ id: string }>('POST', 'jobs', curlBody, asAda)).body.id;
  const named = `Schedule ${JSON.stringify(job)} was`;
  await api.call('PUT', `jobs/${job}`, { cronExpression: '5 0 * * *' }, asAda);
  await api.call('PUT', `jobs/${job}/status`, { status: '1' }, asAda);
  await api.call('POST', `jobs/${job}/trigger`, undefined, asAda);
  await api.call('DELETE', `jobs/${job}/logs`, undefined, asAda);
  await api.call('DELETE', `jobs/${job}`, undefined, asAda);
  await api.call('POST', 'queues/other/pause', undefined, asAda);
  await api.call('POST', 'queues/other/resume', undefined, asAda);
  const dead = [await failed(), await failed()] as const;
  await api.call('POST', `executions/${dead[0]}/retry`, undefined, asAda);
  await api.call('POST', 'dead-letters/discard', { id: dead[1] }, asAda);
  const { id: endless } = await api.jobs.enqueue('endless.job', undefined);
  await api.call('POST', `executions/${endless}/cancel`, {}, asAda);

  expect(lines).toEqual(
    [
      `${named} created`,
      `${named} changed`,
      `${named} disabled`,
      `${named} run by hand`,
      `The history of schedule ${JSON.stringify(job)} was cleared`,
      `${named} deleted`,
      'Queue "other" was paused',
      'Queue "other" was resumed',
      `Execution ${JSON.stringify(dead[0])} was brought back to be run again`,
      `Dead letter ${JSON.stringify(dead[1])} was discarded`,
      `Execution ${JSON.stringify(endless)} was cancelled`,
    ].map((line) => line + BY_ADA),
  );
});

it('in code, with the user that actingAs names, or none; what was not done is not told', async () => {
  await actingAs('bob', () => api.jobs.pauseQueue('other'));
  await api.jobs.resumeQueue('other');
  const { id } = await api.jobs.trigger('my.job');
  expect(await api.jobs.cancel('unknown')).toBe(false);
  await expect(api.jobs.pauseQueue('nowhere')).rejects.toMatchObject({ code: 'QUEUE_UNKNOWN' });
  await api.jobs.promote((await api.jobs.enqueueIn('my.job', {}, '1h', { id: 'later' })).id);
  await failed();
  await actingAs('bob', () => api.app.get(DeadLetters).discard({ job: 'failing.job', olderThan: 0 }));
  await api.app.get(JobHistory).clear('my.job');
  expect(lines).toEqual([
    'Queue "other" was paused, by bob',
    'Queue "other" was resumed',
    `Job "my.job" was run by hand, as ${id}`,
    'Execution "later" was promoted, to run now',
    expect.stringMatching(/^\d dead letters were discarded \(job "failing\.job", olderThan 0\), by bob$/),
    'The history of job "my.job" was cleared',
  ]);
});

it('reading is not told, nor what the app enqueues', async () => {
  await api.call('GET', 'queues', undefined, asAda);
  await api.jobs.enqueue('my.job', undefined);
  expect(lines).toEqual([]);
});
