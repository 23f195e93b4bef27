import { expect, test } from '@jest/globals';
import type { Outcome } from '../execution/outcome/outcome.js';
import { toActiveJob } from './active-jobs.js';
import type { FetchedJob } from './fetch-result.js';
import { finishJob, type FinishServices } from './finish-job.js';

const completed: Outcome = { kind: 'completed', result: 1, write: undefined };

/** Finishes a job with answers of the store, one for each try. */
async function finish(answers: (() => Promise<unknown>)[], outcome = completed, keepsSlot = true) {
  const seen: string[] = [];
  const answer = () => answers.shift()!();
  const services = {
    queue: 'default',
    executions: {},
    poller: { ask: () => seen.push('asked'), unasked: () => void seen.push('unasked') },
    bull: {
      isClosed: false,
      completion: { backend: { moveToCompleted: answer, moveJobFromActiveToWait: answer } },
      report: () => undefined,
      renewLockSoon: () => undefined,
      waitToRetry: async () => undefined,
    },
  } as unknown as FinishServices;
  const job = toActiveJob({ id: '1', json: { opts: {} } } as FetchedJob, 'token');
  const next = await finishJob(job, outcome, services, () => (seen.push('keeps the slot?'), keepsSlot));
  return { seen, next, ticket: job.fetchTicket };
}

test('a fetch is under way only while the finish is that it goes with', async () => {
  const { seen, next, ticket } = await finish([
    () => Promise.reject(new Error('away')),
    () => {
      throw new Error('not even sent');
    },
    () => Promise.resolve([null, null, 0, 5]),
  ]);
  expect(seen).toEqual(['keeps the slot?', 'asked', 'unasked', 'asked', 'unasked', 'asked']);
  expect(next).toMatchObject({ job: undefined, dueAt: 5 });
  expect(ticket).toBeDefined();
});

test('no fetch goes with the finish where the slot is not kept, or the job is put back', async () => {
  const unkept = await finish([() => Promise.resolve()], completed, false);
  expect(unkept).toEqual({ seen: ['keeps the slot?'], next: undefined, ticket: undefined });
  const putBack = await finish([() => Promise.resolve()], { kind: 'requeue' });
  expect(putBack).toEqual({ seen: [], next: undefined, ticket: undefined });
});

test('after the finish, the event follows the end of the log, and leases are released beside it', async () => {
  const seen: string[] = [];
  const background: Promise<void>[] = [];
  const effects = {
    release: async (isFinished: boolean) => void seen.push(`release ${isFinished}`),
    endLog: async () => {
      await Promise.resolve();
      seen.push('end the log');
    },
    emit: () => void seen.push('emit'),
  };
  const services = { inBackground: (work: Promise<void>) => background.push(work) } as unknown as FinishServices;
  const job = toActiveJob({ id: '1', json: {} } as FetchedJob, 'token');
  await finishJob(job, { kind: 'lost', effects }, services);
  await Promise.all(background);
  expect(seen).toEqual(['release false']);
  const bull = { isClosed: false, completion: { backend: { moveJobFromActiveToWait: async () => undefined } } };
  await finishJob(job, { kind: 'requeue', effects }, {
    ...services,
    bull,
    executions: {},
  } as unknown as FinishServices);
  await Promise.all(background);
  expect(seen.slice(1)).toEqual(['release true', 'end the log', 'emit']);
});
