import type { Subscription } from 'rxjs';
import type { Clock, ClockTimer } from '../../common/clock.js';
import type { JobEvent } from '../../definition/job-event.js';
import type { FinalStatus } from '../../definition/job-status.js';
import type { LogStore } from '../../store/ports/log-store.js';
import type { EventBus } from '../../events/event-bus.js';
import { LogBuffer } from './log-buffer.js';

/** After live messages could not be listened to, in milliseconds. */
const LISTEN_AGAIN = 1_000;

const FINAL: Readonly<Partial<Record<JobEvent['type'], FinalStatus>>> = {
  completed: 'completed',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

/** The feeds that are read in this process: one for each job, and one subscription to what happens for all of them. */
export class LogBuffers {
  private readonly feeds = new Map<string, LogBuffer>();
  private listening: Subscription | undefined;
  private retry: ClockTimer | undefined;

  constructor(
    private readonly logs: () => LogStore,
    private readonly events: Pick<EventBus, 'all'>,
    private readonly clock: Clock,
  ) {}

  /** How many read at this moment. */
  get readers(): number {
    return [...this.feeds.values()].reduce((sum, { readers }) => sum + readers, 0);
  }

  /** Whether the fleet is listened to. */
  get isListening(): boolean {
    return this.listening !== undefined;
  }

  /** A reader comes. It has to `leave`. */
  enter(job: string): LogBuffer {
    let feed = this.feeds.get(job);
    if (!feed) this.feeds.set(job, (feed = new LogBuffer(job, this.logs, this.clock)));
    feed.readers++;
    this.listen();
    return feed;
  }

  leave(feed: LogBuffer): void {
    if (--feed.readers > 0) return;
    feed.close();
    if (this.feeds.get(feed.job) === feed) this.feeds.delete(feed.job);
    if (this.feeds.size === 0) this.stopListening();
  }

  /** All readers end. */
  close(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
    this.stopListening();
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

  private stopListening(): void {
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
