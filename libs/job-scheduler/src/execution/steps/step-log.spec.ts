import { expect, test } from '@jest/globals';
import { HeldClock, turns } from '../../../../../test/support/held-clock.js';
import type { ExecutionStore } from '../../store/ports/ports.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { AttemptSignal } from '../attempt-signal.js';
import { StepLog } from './step-log.js';

const started = { id: 'x', job: 'x', queue: 'default', fence: 1 } as QueuedExecution;

/** A step whose record the store answers with these errors first. */
function runStep(errors: Error[]) {
  const clock = new HeldClock();
  const tries: number[] = [];
  const recordStep = async () => {
    tries.push(tries.length);
    const error = errors.shift();
    if (error) throw error;
    return true;
  };
  const executions = { recordStep } as Partial<ExecutionStore> as ExecutionStore;
  const log = new StepLog(started, { executions, clock }, new AttemptSignal(), () => undefined, []);
  const result = log.run('one', () => 'done').catch((error: Error) => error.message);
  const go = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      await turns();
      clock.fire();
    }
  };
  return { result, tries, go };
}

const times = (count: number, message: string) => Array.from({ length: count }, () => new Error(message));

test('a step is recorded when the store is back, however long it was away', async () => {
  const { result, tries, go } = runStep(times(100, 'Connection is closed.'));
  await go(101);
  expect(await result).toBe('done');
  expect(tries).toHaveLength(101);
});

test('a step whose record the store will never take fails with what it says', async () => {
  const { result, tries, go } = runStep(times(100, 'WRONGTYPE Operation against a key'));
  await go(60);
  expect(await result).toBe('WRONGTYPE Operation against a key');
  expect(tries).toHaveLength(60);
});
