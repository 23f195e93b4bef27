import { expect, it } from '@jest/globals';
import { HeldClock, turns } from '../../../../test/support/held-clock.js';
import { gate } from '../../../../test/support/gate.js';
import { CallTurns } from './call-turns.js';

const late = () => new Error('late');

/** Begins a call; `end` is what has become of it. */
function begin(calls: CallTurns, kind: 'limit' | 'limitCommand' = 'limitCommand') {
  const { opened, open } = gate();
  const call = { end: 'under way', open };
  calls[kind](opened, 1_000, late).then(
    () => (call.end = 'answered'),
    (error: Error) => (call.end = error.message),
  );
  return call;
}

async function fire(clock: HeldClock): Promise<void> {
  clock.fire();
  await turns();
}

it('a command that waits for those before it is not late while they are answered', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  const [first, second] = [begin(calls), begin(calls)];
  first.open();
  await turns();
  await fire(clock);
  expect([first.end, second.end]).toEqual(['answered', 'under way']);
  await fire(clock);
  expect(second.end).toBe('late');
});

it('a command that is not answered is late, whatever becomes of those after it', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  const [first, second] = [begin(calls), begin(calls)];
  second.open();
  await turns();
  await fire(clock);
  expect([first.end, second.end]).toEqual(['late', 'answered']);
});

it('work of several commands is late when no call is answered any more', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  const work = begin(calls, 'limit');
  begin(calls).open();
  await turns();
  await fire(clock);
  expect(work.end).toBe('under way');
  await fire(clock);
  expect(work.end).toBe('late');
});

it('what is late, or fails since the store is away, is no answer', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  begin(calls);
  await calls
    .limitCommand(Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' })), 1_000, late)
    .catch(() => 0);
  const last = begin(calls);
  await fire(clock);
  expect(last.end).toBe('late');
});

it('an answer that has come when the timer goes off counts', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  const call = begin(calls);
  setImmediate(call.open);
  await fire(clock);
  expect(call.end).toBe('answered');
});

it('a timer that comes late since the event loop was blocked gives the store more time', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  const { opened, open } = gate();
  const answer = calls.limitCommand(opened, 1, late);
  const blockedUntil = performance.now() + 300;
  while (performance.now() < blockedUntil);
  await fire(clock);
  expect(clock.pending).toHaveLength(1);
  open();
  await expect(answer).resolves.toBeUndefined();
});

it('a store is silent when a call is late and none was answered, until one is', async () => {
  const clock = new HeldClock();
  const calls = new CallTurns(clock);
  const [stuck, next] = [begin(calls), begin(calls)];
  next.open();
  await turns();
  await fire(clock);
  expect([stuck.end, calls.isSilent]).toEqual(['late', false]);
  begin(calls);
  await fire(clock);
  expect(calls.isSilent).toBe(true);
  const answered = begin(calls);
  answered.open();
  await turns();
  expect(calls.isSilent).toBe(false);
});
