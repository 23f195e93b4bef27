import type { Clock, ClockTimer } from '../../common/clock.js';
import type { JobLogLine } from '../../definition/job-log-line.js';
import type { LogStore } from '../../store/ports/log-store.js';
import { toLogItem, type JobLogEnd, type LogItem } from './log-item.js';

/** What is held for readers, in entries and in characters; who is slower reads from the store. */
const MOST_HELD = 1_000;
const MOST_CHARACTERS = 1024 * 1024;
/** When the store is asked whether a message was missed: soon after the first reader came, then ever so often. Milliseconds. */
const LOOKS = [100, 500, 2_000];
const LOOK_AGAIN = 5_000;
const PAGE = 500;

interface Held {
  readonly item: LogItem;
  readonly size: number;
  /** Of a stored end: its event has come, too. */
  isTold: boolean;
}

/**
 * What one job logs, as it comes, for all readers in this process together. Live messages are taken as they come when they
 * go on where the last one was; all others only say that there is something to read in the store. So nothing is missed,
 * nothing comes twice, and the order is the store's.
 */
export class LogBuffer {
  /** How many read it. */
  readers = 0;
  /** Every entry with a greater place than this, up to `upTo`, is held, or has gone from the store. */
  private from = 0;
  private upTo = 0;
  private held: Held[] = [];
  /** How many were held before the first that is. */
  private past = 0;
  private characters = 0;
  private filling: Promise<boolean> | undefined;
  private again = false;
  private looks = 0;
  private timer: ClockTimer | undefined;
  private readonly waiting = new Set<() => void>();
  private closed = false;
  /** Resolves when it is known where the job's log stands. */
  readonly opened: Promise<void>;

  constructor(
    readonly job: string,
    private readonly logs: () => LogStore,
    private readonly clock: Clock,
  ) {
    this.opened = this.open();
    // Readers hear of it.
    this.opened.catch(() => undefined);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Where reading from the store may end and reading here begin. */
  get begin(): number {
    return this.from;
  }

  /** Who reads on after `position` goes on here at this index; undefined when the store has to be read first. */
  indexAfter(position: number): number | undefined {
    if (position < this.from) return undefined;
    const index = this.held.findIndex(({ item }) => item.seq > position);
    return this.past + (index < 0 ? this.held.length : index);
  }

  /** What is held from an index on; undefined when that has gone already. */
  since(index: number): LogItem[] | undefined {
    if (index < this.past) return undefined;
    return this.held.slice(index - this.past).map(({ item }) => item);
  }

  /** Resolves when there is something at `index`, when a moment has passed in silence, at the end, and when `signal` aborts. */
  async changed(index: number, signal: AbortSignal): Promise<void> {
    if (this.closed || signal.aborted || index < this.past + this.held.length) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** A line came live. */
  heard(line: JobLogLine): void {
    if (line.seq === this.upTo + 1) this.push({ kind: 'line', seq: line.seq, line });
    else if (line.seq > this.upTo) void this.catchUp(line);
  }

  /** The end of an execution came live: it is in the store, among the lines, if there are any. */
  async ended(end: JobLogEnd): Promise<void> {
    // If the store cannot be read now, it tells later.
    if (!(await this.fill())) return;
    const stored = this.held.findLast(
      ({ item, isTold }) => item.kind === 'end' && item.end.executionId === end.executionId && !isTold,
    );
    if (stored) stored.isTold = true;
    else this.hold({ item: { kind: 'end', seq: this.upTo, end, isStored: false }, size: 0, isTold: true });
  }

  /** Messages may have been missed. */
  look(): void {
    this.timer?.cancel();
    void this.lookNow();
  }

  /** Its readers end. */
  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.wake();
  }

  private async open(): Promise<void> {
    this.from = this.upTo = await this.logs().latest(this.job);
    this.lookLater();
  }

  private lookLater(): void {
    if (this.closed) return;
    const delay = LOOKS[this.looks++] ?? LOOK_AGAIN;
    this.timer = this.clock.after(delay, () => void this.lookNow(), false);
  }

  private async lookNow(): Promise<void> {
    try {
      const latest = await this.logs().latest(this.job);
      if (latest > this.upTo && (await this.fill())) this.upTo = Math.max(this.upTo, latest);
    } catch {
      // The next look may find the store again.
    }
    this.timer?.cancel();
    this.lookLater();
    this.wake();
  }

  private async catchUp(line: JobLogLine): Promise<void> {
    // What is not in the store by now has gone from there.
    if ((await this.fill()) && line.seq > this.upTo) this.push({ kind: 'line', seq: line.seq, line });
  }

  /** Reads what the store has more. @returns whether it could. */
  private fill(): Promise<boolean> {
    this.again = true;
    return (this.filling ??= this.fillAll());
  }

  private async fillAll(): Promise<boolean> {
    try {
      await this.opened;
      while (this.again) {
        this.again = false;
        const page = await this.logs().ofJob(this.job, this.upTo, PAGE);
        for (const stored of page) if (stored.seq > this.upTo) this.push(toLogItem(stored));
        if (page.length === PAGE) this.again = true;
      }
      return true;
    } catch {
      return false;
    } finally {
      this.filling = undefined;
    }
  }

  private push(item: LogItem): void {
    this.upTo = item.seq;
    const size = item.kind === 'line' ? item.line.message.length + sizeOf(item.line.data) : 0;
    this.hold({ item, size, isTold: false });
  }

  private hold(held: Held): void {
    this.held.push(held);
    this.characters += held.size;
    while (this.held.length > MOST_HELD || (this.characters > MOST_CHARACTERS && this.held.length > 1)) {
      const gone = this.held.shift()!;
      this.characters -= gone.size;
      this.from = gone.item.seq;
      this.past++;
    }
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
  }
}

function sizeOf(data: unknown): number {
  return data === undefined ? 0 : JSON.stringify(data).length;
}
