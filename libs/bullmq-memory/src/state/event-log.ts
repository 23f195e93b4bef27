import type { StreamReadRaw } from 'bullmq';
import type { MemoryClock } from './clock.js';

type RawEntry = NonNullable<StreamReadRaw>[number][1][number];

interface Entry {
  readonly ms: number;
  /** Tells entries of the same millisecond apart. */
  readonly sequence: number;
  /** Names and values in turn. */
  readonly fields: string[];
}

/** A place in the log: all up to it have been read. */
type Cursor = Pick<Entry, 'ms' | 'sequence'>;

/** It may grow beyond its length by this many, and an eighth of it, before its start is cut off. */
const SLACK = 100;

/** What happened in a queue, as a Redis stream: entries with ids that grow, the oldest ones cut off. */
export class EventLog {
  private entries: Entry[] = [];
  private last: Cursor = { ms: 0, sequence: 0 };
  private readonly waiting = new Set<() => void>();
  private isTelling = false;

  constructor(private readonly clock: MemoryClock) {}

  /** @returns the entry's id. */
  append(fields: string[], maxLength: number): string {
    const now = this.clock.now();
    const { ms, sequence } = this.last;
    const entry = now > ms ? { ms: now, sequence: 0, fields } : { ms, sequence: sequence + 1, fields };
    this.last = entry;
    this.entries.push(entry);
    if (this.entries.length > maxLength + SLACK + (maxLength >> 3)) this.trim(maxLength);
    if (this.waiting.size > 0) void this.tell();
    return idOf(entry);
  }

  /** @returns how many were cut off. */
  trim(maxLength: number): number {
    const excess = Math.max(0, this.entries.length - maxLength);
    if (excess > 0) this.entries = this.entries.slice(excess);
    return excess;
  }

  clear(): void {
    this.entries = [];
    this.last = { ms: 0, sequence: 0 };
  }

  /** Where a reader stands that read up to `id`; `$`: the end as it is now. */
  cursor(id: string): Cursor {
    if (id === '$') return this.last;
    const [ms, sequence] = id.split('-');
    return { ms: Number(ms), sequence: Number(sequence ?? 0) };
  }

  after({ ms, sequence }: Cursor): RawEntry[] {
    let at = this.entries.length;
    while (at > 0 && isAfter(this.entries[at - 1]!, ms, sequence)) at--;
    return this.entries.slice(at).map((entry) => [idOf(entry), [...entry.fields]]);
  }

  /** What the events say, newest first. */
  *backwards(): Generator<Record<string, string | undefined>> {
    for (const { fields } of this.entries.toReversed()) {
      yield Object.fromEntries(
        Array.from({ length: fields.length / 2 }, (_, n) => [fields[2 * n]!, fields[2 * n + 1]!]),
      );
    }
  }

  /** Calls `listener` at the end of the turn in which something is appended, each time. @returns how to stop. */
  listen(listener: () => void): () => void {
    this.waiting.add(listener);
    return () => this.waiting.delete(listener);
  }

  /** Once for all that one operation appends. */
  private async tell(): Promise<void> {
    if (this.isTelling) return;
    this.isTelling = true;
    // Not by queueMicrotask, which fake timers hold back.
    await Promise.resolve();
    this.isTelling = false;
    for (const listener of this.waiting) listener();
  }
}

function isAfter(entry: Entry, ms: number, sequence: number): boolean {
  return entry.ms > ms || (entry.ms === ms && entry.sequence > sequence);
}

const idOf = ({ ms, sequence }: Cursor): string => `${ms}-${sequence}`;
