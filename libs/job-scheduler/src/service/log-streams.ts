import type { Subscription } from 'rxjs';
import type { Clock, ClockTimer } from '../definition/clock.js';
import type { JobEvent } from '../definition/job-event.js';
import type { FinalStatus } from '../definition/job-status.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import { ExecutionUnknownError } from '../errors/unknown-name-errors.js';
import type { Store } from '../store/ports.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { EventBus } from './event-bus.js';
import type { ExecutionFinder } from './execution-finder.js';
import { LogFeed } from './log-feed.js';
import { isAfter, sourceOf, toLogItem, type LogItem } from './log-item.js';

/** After live messages could not be listened to, in milliseconds. */
const LISTEN_AGAIN = 1_000;
/** Entries that a reader takes from the store at once. */
const PAGE = 100;
/** So often in silence, a reader of an execution looks whether it has ended. */
const SILENCES = 3;

export interface LogStreamOptions {
  /** Only what has a greater `seq`. @default 0: from the oldest that is kept */
  readonly after?: number;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** Which entries a reader wants, and how the store gives them. */
interface Selection {
  readonly fits: (item: LogItem) => boolean;
  readonly stored: (after: number) => Promise<LogItem[]>;
}

/**
 * What executions log, as streams: what is stored, then what comes, whichever process runs the job; nothing is missed, and
 * nothing comes twice. A reader is asked for nothing until it comes for more, so that a slow one costs no memory.
 */
export class LogStreams {
  private readonly feeds = new Map<string, LogFeed>();
  private listening: Subscription | undefined;
  private retry: ClockTimer | undefined;

  constructor(
    private readonly holder: StoreHolder,
    private readonly events: Pick<EventBus, 'all'>,
    private readonly finder: ExecutionFinder,
    /** Also for who passes on what it reads here. */
    readonly clock: Clock,
  ) {}

  /** How many read at this moment. */
  get readers(): number {
    return [...this.feeds.values()].reduce((sum, { readers }) => sum + readers, 0);
  }

  /** Whether the fleet is listened to. */
  get isListening(): boolean {
    return this.listening !== undefined;
  }

  /** All executions of a job, and their ends. Never ends by itself, but when the app stops. */
  ofJob(job: string, { after = 0, signal }: LogStreamOptions): AsyncGenerator<LogItem[]> {
    const { logs } = this.store;
    const stored = async (from: number) => (await logs.ofJob(job, from, PAGE)).map(toLogItem);
    return this.read(job, { fits: () => true, stored }, after, signal);
  }

  /** All executions of a job that a schedule made, and their ends. */
  ofSchedule(scheduleId: string, job: string, { after = 0, signal }: LogStreamOptions): AsyncGenerator<LogItem[]> {
    const { logs } = this.store;
    const stored = async (from: number) => (await logs.ofJob(job, from, PAGE, scheduleId)).map(toLogItem);
    return this.read(job, { fits: (item) => sourceOf(item).scheduleId === scheduleId, stored }, after, signal);
  }

  /**
   * One execution. Ends with its end.
   * @param options `endTold`: the reader knows that it has ended, and comes for what has been logged since.
   * @returns undefined when it has, and nothing follows.
   * @throws ExecutionUnknownError
   */
  async ofExecution(
    id: string,
    { after = 0, endTold = false, signal }: LogStreamOptions & { endTold?: boolean },
  ): Promise<AsyncGenerator<LogItem[]> | undefined> {
    const found = await this.finder.find(id);
    if (!found) throw new ExecutionUnknownError(id);
    const { logs } = this.store;
    const stored = async (from: number) => (await logs.ofExecution(id, from, PAGE)).map(toLogItem);
    const selection = { fits: (item: LogItem) => sourceOf(item).executionId === id, stored };
    if (endTold && found.record?.final && (await stored(after)).every(({ kind }) => kind === 'end')) return undefined;
    return this.readToEnd(id, found.job, selection, after, signal);
  }

  /** All readers end. */
  close(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
    this.hush();
  }

  private get store(): Store {
    return this.holder.require('read logs');
  }

  private async *readToEnd(
    id: string,
    job: string,
    selection: Selection,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<LogItem[]> {
    let position = after;
    let silences = SILENCES;
    for await (const items of this.read(job, selection, after, signal)) {
      const lines = items.filter(({ kind }) => kind === 'line');
      position = Math.max(position, items.at(-1)?.seq ?? 0);
      if (lines.length > 0) yield lines;
      const end = items.findLast((item) => item.kind === 'end');
      if (items.length === 0) silences++;
      if (!end && silences < SILENCES) continue;
      silences = 0;
      const final = await this.endOf(id, end).catch(whenAway);
      if (final === 'gone') return;
      if (!final) continue;
      // What was logged before the end is stored: it may be more than has come here so far.
      for (let rest; (rest = await selection.stored(position)).length > 0; position = rest.at(-1)!.seq) {
        const more = rest.filter(({ kind }) => kind === 'line');
        if (more.length > 0) yield more;
      }
      yield [{ ...final, seq: Math.max(position, final.seq) }];
      return;
    }
  }

  /** How an execution has ended, as its record says: an end among its lines may be one that it was retried after. */
  private async endOf(
    id: string,
    heard: LogItem | undefined,
  ): Promise<(LogItem & { kind: 'end' }) | 'gone' | undefined> {
    const record = await this.store.executions.load(id);
    if (record?.final) {
      const { job, head, final: status } = record;
      const schedule = head?.scheduleId !== undefined && { scheduleId: head.scheduleId };
      const at = new Date(head?.completedAt ?? this.clock.now());
      return { kind: 'end', seq: 0, end: { executionId: id, job, ...schedule, status, at }, isStored: false };
    }
    if (record) return undefined;
    // Nothing is kept of it: the message is all that there is.
    if (heard?.kind === 'end') return heard;
    return (await this.finder.find(id)) ? undefined : 'gone';
  }

  /** An empty list says that nothing came for a while. */
  private async *read(
    job: string,
    selection: Selection,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<LogItem[]> {
    const feed = this.enter(job);
    try {
      await feed.opened;
      let position = await this.known(job, after, feed);
      let index: number | undefined;
      while (!signal.aborted && !feed.isClosed) {
        index ??= feed.indexAfter(position);
        const held = index === undefined ? undefined : feed.since(index);
        if (!held) {
          index = undefined;
          const { begin } = feed;
          const page = await selection.stored(position);
          position = page.at(-1)?.seq ?? Math.max(position, begin);
          if (page.length > 0) yield page;
          continue;
        }
        index! += held.length;
        // What the store has already given may come live as well.
        const items = held.filter((item) => isAfter(item, position) && selection.fits(item));
        position = Math.max(position, held.at(-1)?.seq ?? 0);
        if (items.length > 0 || held.length === 0) yield items;
        await feed.changed(index!, signal);
      }
    } finally {
      this.leave(feed);
    }
  }

  /** A place that the log has not reached is of a store that is no more: all is new then. */
  private async known(job: string, after: number, feed: LogFeed): Promise<number> {
    return after <= feed.begin || after <= (await this.store.logs.latest(job)) ? after : 0;
  }

  private enter(job: string): LogFeed {
    let feed = this.feeds.get(job);
    if (!feed) this.feeds.set(job, (feed = new LogFeed(job, () => this.store.logs, this.clock)));
    feed.readers++;
    this.listen();
    return feed;
  }

  private leave(feed: LogFeed): void {
    if (--feed.readers > 0) return;
    feed.close();
    if (this.feeds.get(feed.job) === feed) this.feeds.delete(feed.job);
    if (this.feeds.size === 0) this.hush();
  }

  /** Only while somebody reads: as long as one listens, the whole fleet tells what happens. */
  private listen(): void {
    if (this.listening) return;
    this.retry?.cancel();
    this.listening = this.events.all.subscribe({
      next: (event) => this.heard(event),
      error: () => this.listenAgain(),
      // The app stops.
      complete: () => this.close(),
    });
  }

  private listenAgain(): void {
    this.listening = undefined;
    this.retry = this.clock.after(
      LISTEN_AGAIN,
      () => {
        if (this.feeds.size === 0) return;
        this.listen();
        for (const feed of this.feeds.values()) feed.look();
      },
      false,
    );
  }

  private hush(): void {
    this.retry?.cancel();
    this.listening?.unsubscribe();
    this.listening = undefined;
  }

  private heard(event: JobEvent): void {
    const feed = this.feeds.get(event.job);
    if (!feed) return;
    if (event.type === 'log') return feed.heard(event.line);
    const status = FINAL[event.type];
    if (!status) return;
    const { id: executionId, job, scheduleId, at } = event;
    void feed.ended({ executionId, job, ...(scheduleId !== undefined && { scheduleId }), status, at });
  }
}

const FINAL: Readonly<Partial<Record<JobEvent['type'], FinalStatus>>> = {
  completed: 'completed',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

/** The next silence may find the store again. */
function whenAway(error: unknown): undefined {
  if (!(error instanceof StoreUnavailableError)) throw error;
}
