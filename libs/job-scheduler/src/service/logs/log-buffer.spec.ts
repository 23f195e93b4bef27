import { afterEach, expect, it } from '@jest/globals';
import { HeldClock, turns } from '../../../../../test/support/held-clock.js';
import { freshMemory } from '../../../../../test/support/fresh-memory.js';
import { toLogLine } from '../../store/codecs/log-codec.js';
import type { LogEntry, StoredLog } from '../../store/ports/log-store.js';
import { MemoryLogStore } from '../../store/memory/memory-log-store.js';
import { LogBuffer } from './log-buffer.js';
import type { LogItem } from './log-item.js';

class CountingStore extends MemoryLogStore {
  reads = 0;
  isAway = false;

  override async ofJob(...asked: Parameters<MemoryLogStore['ofJob']>): Promise<StoredLog[]> {
    this.reads++;
    if (this.isAway) throw new Error('away');
    return super.ofJob(...asked);
  }
}

let feed: LogBuffer | undefined;
afterEach(() => feed?.close());

async function setUp(stored = 0) {
  const clock = new HeldClock();
  const logs = new CountingStore(freshMemory(clock));
  let number = 0;
  const append = async (entry: LogEntry) =>
    (await logs.append({ writer: 'w', number: ++number, writes: [{ entry, keep: 60_000 }] }))[0]!;
  const source = { executionId: 'x', job: 'j', at: 1_000 } as const;
  const say = (message: string) => append({ kind: 'line', ...source, attempt: 1, level: 'log', message });
  const end = () => append({ kind: 'end', ...source, status: 'completed' });
  for (let n = 1; n <= stored; n++) await say(`${n}`);
  const made = (feed = new LogBuffer('j', () => logs, clock));
  await made.opened;
  const hear = (line: StoredLog) => line.kind === 'line' && made.heard(toLogLine(line));
  const begin = made.indexAfter(stored)!;
  const held = () => (made.since(begin) ?? []).map(show);
  return { clock, logs, feed: made, say, end, hear, held };
}

const show = (item: LogItem) => (item.kind === 'line' ? item.line.message : `${item.end.status} at ${item.seq}`);
const ended = { executionId: 'x', job: 'j', status: 'completed', at: new Date(1_000) } as const;

it('lines that follow each other come live, and the store is not asked', async () => {
  const { logs, say, hear, held } = await setUp(3);
  hear(await say('a'));
  const b = await say('b');
  hear(b);
  hear(b);
  await turns();
  expect(held()).toEqual(['a', 'b']);
  expect(logs.reads).toBe(0);
});

it('a gap, and messages out of order, are filled from the store', async () => {
  const { say, hear, held } = await setUp();
  const [a, b, c] = [await say('a'), await say('b'), await say('c')];
  for (const line of [c, a, b]) hear(line);
  await turns();
  expect(held()).toEqual(['a', 'b', 'c']);
});

it('what no message came for is found in a while, soon after the first reader came', async () => {
  const { clock, say, held } = await setUp();
  await say('missed');
  expect(clock.pending).toEqual([100]);
  clock.fire();
  await turns();
  expect(held()).toEqual(['missed']);
  await say('missed, too');
  clock.fire();
  await turns();
  expect(held()).toEqual(['missed', 'missed, too']);
  expect(clock.pending).toEqual([2_000]);
});

it('an end comes in its place when it is stored, after what came when it is not; never twice', async () => {
  const { feed: made, say, end, hear, held } = await setUp();
  hear(await say('a'));
  await end();
  await made.ended(ended);
  await made.ended({ ...ended, executionId: 'silent', status: 'failed' });
  hear(await say('b'));
  expect(held()).toEqual(['a', 'completed at 2', 'failed at 2', 'b']);
});

it('while the store is away nothing is told that it may tell again', async () => {
  const { clock, logs, feed: made, say, end, hear, held } = await setUp();
  await say('a');
  await end();
  logs.isAway = true;
  await made.ended(ended);
  hear(await say('b'));
  await turns();
  expect(held()).toEqual([]);
  logs.isAway = false;
  clock.fire();
  await turns();
  expect(held()).toEqual(['a', 'completed at 2', 'b']);
});

it('who is too slow reads from the store', async () => {
  const { feed: made, say, hear } = await setUp(5);
  expect(made.indexAfter(4)).toBeUndefined();
  const index = made.indexAfter(5)!;
  for (let n = 0; n < 1_200; n++) hear(await say(`${n}`));
  expect(made.since(index)).toBeUndefined();
  expect(made.indexAfter(5)).toBeUndefined();
  expect(made.begin).toBe(205);
  expect(made.since(made.indexAfter(205)!)).toHaveLength(1_000);
});

it('who waits is woken by what comes, by silence, by the end and by its own signal', async () => {
  const { clock, feed: made, say, hear } = await setUp();
  const { signal } = new AbortController();
  const woken: string[] = [];
  const wait = async (name: string, own = signal) => {
    await made.changed(made.indexAfter(Infinity)!, own);
    woken.push(name);
  };
  void wait('by a line');
  hear(await say('a'));
  await turns();
  void wait('by silence');
  clock.fire();
  await turns();
  const own = new AbortController();
  void wait('by its signal', own.signal);
  own.abort();
  await turns();
  void wait('by the end');
  made.close();
  await turns();
  expect(woken).toEqual(['by a line', 'by silence', 'by its signal', 'by the end']);
  expect(clock.pending).toEqual([]);
});
