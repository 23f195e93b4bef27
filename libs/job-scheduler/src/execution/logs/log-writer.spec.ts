import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { HeldClock, turns } from '../../../../../test/support/held-clock.js';
import { freshMemory } from '../../../../../test/support/fresh-memory.js';
import { StoreUnavailableError } from '../../errors/store-errors.js';
import { MemoryLogStore } from '../../store/memory/memory-log-store.js';
import type { LogBatch, StoredLog } from '../../store/ports/log-store.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { LogWriter } from './log-writer.js';

/** The memory's, which fails as it is told to. */
class FailingStore extends MemoryLogStore {
  error: Error | undefined;
  readonly batches: LogBatch[] = [];

  override async append(batch: LogBatch): Promise<StoredLog[]> {
    this.batches.push(batch);
    if (this.error) throw this.error;
    return super.append(batch);
  }
}

function setUp() {
  const clock = new HeldClock();
  const logs = new FailingStore(freshMemory(clock));
  const logger = new Logger('test');
  const warn = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
  const writer = new LogWriter({ logs, clock, logger });
  const started = { id: 'x', job: 'j', attempt: 1, scheduleId: undefined } as QueuedExecution;
  const say = (message: string, size = message.length) =>
    writer.line({ started, keep: 60_000 }, { at: 1_000, level: 'log', message }, size);
  const told = async () => (await logs.ofExecution('x', 0, 1_000)).map((each) => each.kind === 'line' && each.message);
  return { clock, logs, warn, writer, say, told, away: new StoreUnavailableError('redis://h', 'is away') };
}

it('what comes in one turn goes in one batch, and what comes meanwhile in the next', async () => {
  const { logs, writer, say, told } = setUp();
  say('a');
  say('b');
  const both = writer.whenStored(say('c'));
  expect(logs.batches).toEqual([]);
  await both;
  expect(logs.batches.map(({ writes }) => writes.length)).toEqual([3]);
  await writer.whenStored(say('d'));
  expect(await told()).toEqual(['a', 'b', 'c', 'd']);
  expect(logs.batches.map(({ number }) => number)).toEqual([1, 2]);
});

it('while the store is away lines are kept back, and no handler waits for them', async () => {
  const { clock, logs, warn, writer, say, told, away } = setUp();
  logs.error = away;
  const first = writer.whenStored(say('a'));
  await first;
  expect(writer.whenStored(say('b'))).toBeUndefined();
  clock.fire();
  await turns();
  // The same batch, by its number.
  expect(logs.batches.map(({ number, writes }) => [number, writes.length])).toEqual([
    [1, 1],
    [1, 1],
  ]);
  logs.error = undefined;
  clock.fire();
  await turns();
  expect(await told()).toEqual(['a', 'b']);
  expect(warn).not.toHaveBeenCalled();
});

it('what is too much to be kept back is dropped, with one warning', async () => {
  const { clock, logs, warn, writer, say, told, away } = setUp();
  logs.error = away;
  await writer.whenStored(say('first'));
  for (let n = 0; n < 12_000; n++) say(`${n}`);
  expect(warn).toHaveBeenCalledTimes(1);
  logs.error = undefined;
  clock.fire();
  await turns(100);
  expect((await told()).at(-1)).toBe('9999');
  // The next outage has a warning of its own.
  logs.error = away;
  await writer.whenStored(say('again'));
  say('huge', 17 * 1024 * 1024);
  say('too much');
  expect(warn).toHaveBeenCalledTimes(2);
});

it('what the store refuses is dropped, with one warning, and holds nothing up', async () => {
  const { logs, warn, writer, say, told } = setUp();
  logs.error = new Error('ERR no');
  await writer.whenStored(say('bad'));
  await writer.whenStored(say('bad, too'));
  expect(warn).toHaveBeenCalledTimes(1);
  logs.error = undefined;
  await writer.whenStored(say('good'));
  expect(await told()).toEqual(['good']);
});

it('at the end it tries once more, and gives up', async () => {
  const { logs, warn, writer, say, told, away } = setUp();
  logs.error = away;
  await writer.whenStored(say('late'));
  logs.error = undefined;
  await writer.close();
  expect(await told()).toEqual(['late']);
  const other = setUp();
  other.logs.error = other.away;
  await other.writer.whenStored(other.say('lost'));
  await other.writer.close();
  expect(other.logs.batches).toHaveLength(2);
  expect([warn.mock.calls.length, other.warn.mock.calls.length]).toEqual([0, 1]);
});
