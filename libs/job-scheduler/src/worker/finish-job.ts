import type { Effects, Outcome } from '../execution/outcome/outcome.js';
import type { ActiveJob } from './active-jobs.js';
import { completeJob } from './complete-job.js';
import { type FetchResult, NOTHING_KNOWN, readFetched } from './fetch-result.js';
import { OutcomeRecord, type RecordServices } from './outcome-record.js';
import type { QueuePoller } from './queue-poller.js';
import { isGone, RetryLimit, toError } from './store-faults.js';
import { storableJson } from './texts.js';

export interface FinishServices extends RecordServices {
  readonly queue: string;
  readonly poller: Pick<QueuePoller, 'ask' | 'unasked'>;
  /**
   * Whether other jobs run, too. Then a record may go with the finish, which spares a call; a job that is alone has its
   * record first, so that it is there even if the process dies before the finish.
   */
  hasOthers(): boolean;
  /** Goes on after the finish, without the job's slot. The pool's stop waits for it. */
  inBackground(work: Promise<void>): void;
}

/** The job is no longer ours, or its queue closed before the store took its end. */
const LOST = Symbol('lost');

/**
 * Brings an attempt's outcome into the store: first its record, then the end of BullMQ's job; or, where the store can, both
 * in one step. A store error is never the job's error: the same outcome is tried again until the store has it, or answers
 * that the job is no longer ours. Runs the outcome's effects at their time.
 *
 * @param keepSlot asked once, at the first try of the finish: whether the same call fetches the queue's next job. Absent: no.
 * @returns the answer to that fetch; undefined when there was none. Never rejects.
 */
export async function finishJob(
  job: ActiveJob,
  outcome: Outcome,
  services: FinishServices,
  keepSlot?: () => boolean,
): Promise<FetchResult | undefined> {
  const { bull, executions, poller } = services;
  const { effects } = outcome;
  if (outcome.kind === 'lost') {
    if (effects) services.inBackground(runAfterFinish(effects, false));
    return undefined;
  }
  const write = 'write' in outcome ? outcome.write : undefined;
  const goesAlong = outcome.kind === 'completed' && executions.finishWithRecord !== undefined && services.hasOthers();
  let attached = goesAlong ? write : undefined;
  let record = write && !attached ? new OutcomeRecord(write, services) : undefined;
  let keepSteps = effects?.keepSteps;
  let onFail = effects?.onFail;
  // Where commands have their effect in the order in which they are sent, only what must see the record waits for it.
  const waits = !executions.ordered || onFail !== undefined;
  let fetchesNext: boolean | undefined;
  let answer: unknown = LOST;
  let accepted: Outcome = outcome;
  let refusals = 0;
  const limit = new RetryLimit();
  while (!bull.isClosed) {
    try {
      if (keepSteps) await keepSteps();
      keepSteps = undefined;
      if (record && !record.done) await (waits ? record.store() : record.issue());
      if (onFail && (record?.owned ?? true)) await onFail();
      onFail = undefined;
      fetchesNext ??= accepted.kind !== 'requeue' && keepSlot !== undefined && keepSlot();
      if (fetchesNext) job.fetchTicket = poller.ask();
      if (attached) executions.finishWithRecord?.(services.queue, job.fetched.id, attached);
      answer = await completeJob(bull.completion, job, accepted, fetchesNext);
      attached = undefined;
      break;
    } catch (error) {
      if (job.fetchTicket !== undefined) poller.unasked();
      job.fetchTicket = undefined;
      // A record that was attached may not have been stored: it is below.
      if (isGone(error)) break;
      bull.report(toError(error));
      const isRefused = limit.isReachedBy(error);
      if (attached && isRefused) [record, attached] = [new OutcomeRecord(attached, services), undefined];
      const isFinishRefused = isRefused && !keepSteps;
      if (isRefused) keepSteps = undefined;
      const other: Outcome | undefined = isFinishRefused ? replacement(outcome, toError(error), ++refusals) : accepted;
      if (!other) break;
      accepted = other;
    }
    bull.renewLockSoon(job);
    await bull.waitToRetry();
  }
  if (attached) record = new OutcomeRecord(attached, services);
  if (record && !record.done) services.inBackground(record.finish());
  if (effects) services.inBackground(runAfterFinish(effects, answer !== LOST));
  if (!fetchesNext) return undefined;
  const next = answer === LOST ? NOTHING_KNOWN : readFetched(answer);
  // BullMQ's answer to these says nothing about the queue, unless it brings a job.
  return !next.job && (accepted.kind === 'retry' || accepted.kind === 'snooze') ? NOTHING_KNOWN : next;
}

/** Releases and ends the log side by side; the event waits for the end of the log. */
async function runAfterFinish({ release, endLog, emit }: Effects, isFinished: boolean): Promise<void> {
  const released = release?.(isFinished);
  if (isFinished) {
    await endLog?.();
    emit?.();
  }
  await released;
}

/** What is stored in place of an outcome that the store will not take as it is. */
function replacement(outcome: Outcome, error: Error, refusals: number): Outcome | undefined {
  const others: Outcome[] = [{ kind: 'failed', error, write: undefined }];
  if (outcome.kind === 'completed') others.unshift({ ...outcome, result: storableJson(outcome.result) });
  return others[refusals - 1];
}
