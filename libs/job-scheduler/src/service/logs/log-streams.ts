import { Injectable, Inject } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { ExecutionUnknownError } from '../../errors/unknown-name-errors.js';
import type { Store } from '../../store/ports/ports.js';
import { StoreHolder } from '../../store/store-holder.js';
import { EventBus } from '../../events/event-bus.js';
import { ExecutionFinder } from '../../jobs/execution-finder.js';
import type { LogBuffer } from './log-buffer.js';
import { LogBuffers } from './log-buffers.js';
import { isAfter, sourceOf, toLogItem, type LogItem } from './log-item.js';
import { untilEnd } from './until-end.js';

/** Entries that a reader takes from the store at once. */
const PAGE = 100;

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
@Injectable()
export class LogStreams {
  private readonly feeds: LogBuffers;

  constructor(
    private readonly holder: StoreHolder,
    @Inject(EventBus) events: Pick<EventBus, 'all'>,
    private readonly finder: ExecutionFinder,
    /** Also for who passes on what it reads here. */
    readonly clock: Clock,
  ) {
    this.feeds = new LogBuffers(() => this.store.logs, events, clock);
  }

  /** How many read at this moment. */
  get readers(): number {
    return this.feeds.readers;
  }

  /** Whether the fleet is listened to. */
  get isListening(): boolean {
    return this.feeds.isListening;
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
    const { logs, executions } = this.store;
    const stored = async (from: number) => (await logs.ofExecution(id, from, PAGE)).map(toLogItem);
    const selection = { fits: (item: LogItem) => sourceOf(item).executionId === id, stored };
    if (endTold && found.record?.final && (await stored(after)).every(({ kind }) => kind === 'end')) return undefined;
    const items = this.read(found.job, selection, after, signal);
    return untilEnd({ id, after, items, stored, executions, finder: this.finder, clock: this.clock });
  }

  private get store(): Store {
    return this.holder.require('read logs');
  }

  /** An empty list says that nothing came for a while. */
  private async *read(
    job: string,
    selection: Selection,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<LogItem[]> {
    const feed = this.feeds.enter(job);
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
      this.feeds.leave(feed);
    }
  }

  /** A place that the log has not reached is of a store that is no more: all is new then. */
  private async known(job: string, after: number, feed: LogBuffer): Promise<number> {
    return after <= feed.begin || after <= (await this.store.logs.latest(job)) ? after : 0;
  }
}
