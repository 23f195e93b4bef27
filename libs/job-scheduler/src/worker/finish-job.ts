import type { Outcome } from '../execution/outcome/outcome.js';
import type { ExecutionWrite } from '../store/ports/execution-record.js';
import { OutcomeRecord } from './outcome-record.js';
import type { Settling } from './finish-parts.js';
import { isGone, Patience, toError } from './store-faults.js';
import { storableJson } from './texts.js';

/** Tells the queue how a job ended. */
export interface Teller<Answer> {
  /**
   * Rejects with what the store answered.
   * @param along a record that the store takes in one step with the telling.
   */
  finish(outcome: Outcome, along?: ExecutionWrite): Promise<Answer>;
  /** Renews the job's lock from here on: BullMQ stops renewing before the job's end is told. */
  holdLock(): void;
}

/** The job is no longer ours, or the lane closed before the store took its outcome. */
export const LOST = Symbol('lost');

/**
 * Brings an attempt's outcome into the store: first its record, then the queue; or, where the store can, both in one step.
 * A store error is never the job's error: the same outcome is tried again until the store has it, or the queue says that
 * the job is no longer ours.
 *
 * @returns what the queue answered. Never rejects.
 */
export async function finishActiveJob<Answer>(
  outcome: Outcome,
  settling: Settling,
  teller: Teller<Answer>,
): Promise<Answer | typeof LOST> {
  const { afterTold } = outcome;
  if (outcome.kind === 'lost') {
    if (afterTold) settling.inBackground(afterTold(false));
    return LOST;
  }
  const write = 'write' in outcome ? outcome.write : undefined;
  const goesAlong = outcome.kind === 'completed' && settling.executions.finishWithRecord && settling.hasCompany();
  let along = goesAlong ? write : undefined;
  let record = write && !along ? new OutcomeRecord(write, settling) : undefined;
  let beforeRecord = outcome.kind === 'failed' ? outcome.beforeRecord : undefined;
  let beforeFinish = outcome.kind === 'failed' ? outcome.beforeFinish : undefined;
  // Where effects follow in the order of commands, only what must see the record waits for it.
  const waits = !settling.executions.ordered || beforeFinish !== undefined;
  let answer: Answer | typeof LOST = LOST;
  let telling: Outcome = outcome;
  let refusals = 0;
  const patience = new Patience();
  while (!settling.isClosed()) {
    try {
      if (beforeRecord) await beforeRecord();
      beforeRecord = undefined;
      if (record && !record.done) await (waits ? record.store() : record.issue());
      if (beforeFinish && (record?.owned ?? true)) await beforeFinish();
      beforeFinish = undefined;
      answer = await teller.finish(telling, along);
      along = undefined;
      break;
    } catch (error) {
      // What went along may not have been taken then: it is stored below.
      if (isGone(error)) break;
      settling.onError(toError(error));
      const isRefused = patience.isOverBy(error);
      if (along && isRefused) [record, along] = [new OutcomeRecord(along, settling), undefined];
      const isForTelling = isRefused && !beforeRecord;
      if (isRefused) beforeRecord = undefined;
      const other: Outcome | undefined = isForTelling ? replacement(outcome, toError(error), ++refusals) : telling;
      if (!other) break;
      telling = other;
    }
    teller.holdLock();
    await settling.pause();
  }
  if (along) record = new OutcomeRecord(along, settling);
  if (record && !record.done) settling.inBackground(record.finish());
  if (afterTold) settling.inBackground(afterTold(answer !== LOST));
  return answer;
}

/** What to say in place of an outcome that the store will not take as it is. */
function replacement(outcome: Outcome, error: Error, refusals: number): Outcome | undefined {
  const others: Outcome[] = [{ kind: 'failed', error, write: undefined, beforeFinish: undefined }];
  if (outcome.kind === 'completed') others.unshift({ ...outcome, result: storableJson(outcome.result) });
  return others[refusals - 1];
}
