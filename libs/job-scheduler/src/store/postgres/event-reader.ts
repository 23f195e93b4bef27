import type { IQueueBackend } from 'bullmq';
import type { Clock } from '../../common/clock.js';
import type { NotificationHub } from './driver/notification-hub.js';
import type { SqlDriver } from './driver/sql-driver.js';

type Read = Awaited<ReturnType<IQueueBackend['readEvents']>>;

interface EventRow {
  id: string | number;
  event: string;
  data: Record<string, unknown> | null;
}

/** Numbers of events that may still come in behind the highest that was read. */
const OVERLAP = 500;
const PAGE = 200;

/** After events there may be more whose notification was spared: looks in milliseconds, before the long wait. */
const SOON = [20, 100, 500] as const;

/**
 * Reads the events of a queue. BullMQ's own reader goes on behind the highest number that it saw; numbers are given at
 * the start of a transaction and seen at its end, so that an event which ends later is lost to it. This one looks
 * back, and remembers what it has told. BullMQ also spares notifications while another one is on its way.
 */
export class EventReader {
  private highest: number | undefined;
  private readonly told = new Set<number>();
  private looks: number = SOON.length;
  private wake: () => void = () => undefined;

  constructor(
    private readonly driver: SqlDriver,
    private readonly hub: NotificationHub,
    private readonly queue: string,
    private readonly clock: Clock,
  ) {}

  /** The next events; null after `longest` milliseconds without any. The first call starts at the end of the stream. */
  async read(longest: number): Promise<Read> {
    if (this.highest === undefined) await this.start();
    // Listens before it looks, so that nothing comes in between unheard.
    const heard = await this.listen(SOON[this.looks] ?? longest);
    try {
      let rows = await this.fetch();
      if (rows.length === 0) {
        await heard.done;
        rows = await this.fetch();
      }
      this.looks = rows.length > 0 ? 0 : this.looks + 1;
      return rows.length > 0 ? [['events', rows.map(toEntry)]] : null;
    } finally {
      heard.stop();
    }
  }

  /** Ends a wait. */
  cancel(): void {
    this.wake();
  }

  private async start(): Promise<void> {
    const { rows } = await this.driver.queryInSchema<{ id: string | number }>(
      'SELECT id FROM event WHERE queue = $1 ORDER BY id DESC LIMIT $2',
      [this.queue, OVERLAP],
    );
    this.highest = 0;
    for (const { id } of rows) this.note(Number(id));
  }

  private async fetch(): Promise<EventRow[]> {
    const { rows } = await this.driver.queryInSchema<EventRow>(
      `SELECT id, event, data FROM event WHERE queue = $1 AND id > $2::bigint AND NOT id = ANY($3::bigint[])
       ORDER BY id LIMIT $4`,
      [this.queue, Math.max(0, this.highest! - OVERLAP), [...this.told], PAGE],
    );
    for (const { id } of rows) this.note(Number(id));
    return rows;
  }

  private note(id: number): void {
    this.told.add(id);
    this.highest = Math.max(this.highest!, id);
    for (const old of this.told) if (old <= this.highest - OVERLAP) this.told.delete(old);
  }

  private async listen(longest: number): Promise<{ done: Promise<void>; stop: () => void }> {
    await this.hub.query();
    const over = new AbortController();
    const onNotification = ({ channel, payload }: { channel: string; payload?: string }) => {
      if (channel === 'bullmq_events' && payload === this.queue) over.abort();
    };
    const stop = () => {
      over.abort();
      this.hub.off('notification', onNotification);
    };
    this.wake = () => over.abort();
    this.hub.on('notification', onNotification);
    return { done: this.clock.sleep(longest, over.signal), stop };
  }
}

function toEntry({ id, event, data }: EventRow): [string, string[]] {
  const fields = ['event', event];
  for (const [name, value] of Object.entries(data ?? {})) {
    fields.push(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return [String(id), fields];
}
