import { afterEach, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import { HeldClock, turns } from '../../../../../test/support/held-clock.js';
import { freshMemory } from '../../../../../test/support/fresh-memory.js';
import type { JobEvent } from '../../definition/job-event.js';
import { toLogLine } from '../../store/codecs/log-codec.js';
import type { StoredLog } from '../../store/ports/log-store.js';
import { MemoryLogStore } from '../../store/memory/memory-log-store.js';
import type { StoreHolder } from '../../store/store-holder.js';
import type { ExecutionFinder } from '../../jobs/execution-finder.js';
import type { LogItem } from './log-item.js';
import { LogStreams } from './log-streams.js';

/** Something may happen just before it is read. */
class HurriedStore extends MemoryLogStore {
  before: (() => Promise<unknown>) | undefined;

  override async ofJob(...asked: Parameters<MemoryLogStore['ofJob']>): Promise<StoredLog[]> {
    const { before } = this;
    this.before = undefined;
    await before?.();
    return super.ofJob(...asked);
  }
}

const ends = new Set<AbortController>();
afterEach(() => {
  for (const end of ends) end.abort();
});

function setUp() {
  const clock = new HeldClock();
  const logs = new HurriedStore(freshMemory(clock));
  const all = new Subject<JobEvent>();
  const holder = { require: () => ({ logs }) } as unknown as StoreHolder;
  const streams = new LogStreams(holder, { all }, {} as ExecutionFinder, clock);
  let number = 0;
  const say = async (message: string) => {
    const entry = { kind: 'line', executionId: 'x', job: 'j', at: 1, attempt: 1, level: 'log', message } as const;
    const [stored] = await logs.append({ writer: 'w', number: ++number, writes: [{ entry, keep: 60_000 }] });
    return () => all.next({ type: 'log', job: 'j', line: toLogLine(stored as never) } as JobEvent);
  };
  const follow = (after = 0) => {
    const end = new AbortController();
    ends.add(end);
    const told: unknown[] = [];
    const reading = (async () => {
      for await (const items of streams.ofJob('j', { after, signal: end.signal })) told.push(...items.map(textOf));
    })();
    const stop = async () => {
      end.abort();
      await reading;
    };
    return { told, stop };
  };
  return { logs, all, streams, say, follow };
}

const textOf = (item: LogItem) => (item.kind === 'line' ? item.line.message : item.end.status);

it('a line that the store gives and that then comes live is told once', async () => {
  const { logs, say, follow } = setUp();
  await say('1');
  let hear2: () => void = () => undefined;
  logs.before = async () => (hear2 = await say('2'));
  const { told, stop } = follow();
  await turns();
  expect(told).toEqual(['1', '2']);
  hear2();
  (await say('3'))();
  await turns();
  expect(told).toEqual(['1', '2', '3']);
  await stop();
});

it('readers of one job share what comes, each from its own place; the last one to go ends the listening', async () => {
  const { all, streams, say, follow } = setUp();
  for (const message of ['1', '2', '3']) await say(message);
  const readers = [follow(), follow(2), follow(3)];
  await turns();
  (await say('4'))();
  await turns();
  expect(readers.map(({ told }) => told)).toEqual([['1', '2', '3', '4'], ['3', '4'], ['4']]);
  expect([streams.readers, all.observed]).toEqual([3, true]);
  for (const { stop } of readers) await stop();
  expect([streams.readers, streams.isListening, all.observed]).toEqual([0, false, false]);
});

it('a place that the log has never reached is that of another store: all is told', async () => {
  const { say, follow } = setUp();
  await say('1');
  const { told, stop } = follow(500);
  await turns();
  (await say('2'))();
  await turns();
  expect(told).toEqual(['1', '2']);
  await stop();
});

it('readers end when the fleet can be heard no more, since the app stops', async () => {
  const { all, streams, follow } = setUp();
  const { stop } = follow();
  await turns();
  all.complete();
  await stop();
  expect(streams.readers).toBe(0);
});
