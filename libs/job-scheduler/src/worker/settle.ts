import type { Outcome } from '../execution/outcome.js';
import { OutcomeRecord, type RecordContext } from './outcome-record.js';
import { isGone, isRefusal, toError } from './store-faults.js';
import { storableJson } from './texts.js';

/** What settling needs of the lane. `T` is what the queue answers. */
export interface SettleContext<T> extends RecordContext {
  /** Commands arrive at the store in the order in which they are issued. */
  readonly ordered: boolean;
  /** Tells the queue. Rejects with what the store answered. */
  readonly tell: (outcome: Outcome) => Promise<T>;
  /** Renews the job's lock from here on: BullMQ stops renewing before the job's end is told. */
  readonly holdLock: () => void;
  /** Goes on when the queue has been told, without the job's slot. The pool's stop waits for it. */
  readonly inBackground: (work: Promise<void>) => void;
}

/**
 * Brings an attempt's outcome into the store: first its record, then the queue. A store error is never the job's error:
 * the same outcome is tried again until the store has it, or the queue says that the job is no longer ours.
 *
 * @returns what the queue answered; undefined when the job is no longer ours, or the lane closed first.
 */
export async function settle<T>(outcome: Outcome, context: SettleContext<T>): Promise<T | undefined> {
  if (outcome.kind === 'lost') return undefined;
  const record = 'write' in outcome && outcome.write ? new OutcomeRecord(outcome.write, context) : undefined;
  const answer = await tellUntilDone(outcome, record, context);
  if (record && !record.done) context.inBackground(record.finish());
  return answer;
}

async function tellUntilDone<T>(
  outcome: Outcome,
  record: OutcomeRecord | undefined,
  context: SettleContext<T>,
): Promise<T | undefined> {
  const beforeFinish = outcome.kind === 'failed' ? outcome.beforeFinish : undefined;
  const waitForRecord = !context.ordered || beforeFinish !== undefined;
  let isPrepared = beforeFinish === undefined;
  let telling = outcome;
  let refusals = 0;
  while (!context.isClosed()) {
    try {
      if (record) await (waitForRecord ? record.store() : record.issue());
      if (!isPrepared && (record?.owned ?? true)) await beforeFinish?.();
      isPrepared = true;
      return await context.tell(telling);
    } catch (error) {
      if (isGone(error)) return undefined;
      context.onError(toError(error));
      if (isRefusal(error)) {
        const other = replacement(outcome, toError(error), ++refusals);
        if (!other) return undefined;
        telling = other;
        continue;
      }
    }
    context.holdLock();
    await context.pause();
  }
  return undefined;
}

/** What to say in place of an outcome that the store will not take as it is. */
function replacement(outcome: Outcome, error: Error, refusals: number): Outcome | undefined {
  if (outcome.kind === 'completed') {
    if (refusals === 1) return { ...outcome, result: storableJson(outcome.result) };
    refusals--;
  }
  return refusals === 1 ? { kind: 'failed', error, write: undefined, beforeFinish: undefined } : undefined;
}
