import type { Logger } from '@nestjs/common';
import type { JobEvent } from '../definition/job-event.js';
import { encodeEvent, takeMessage } from './event-wire.js';

/** Events that wait while the store is slow or away; of more the oldest are dropped. */
const MOST_WAITING = 10_000;

/** Sends events to the fleet, in order: one message at a time, with all that came meanwhile in the next. */
export class EventSender {
  private readonly waiting: string[] = [];
  private sending: Promise<void> | undefined;
  private isDropping = false;

  constructor(
    private readonly publish: (message: string) => Promise<void>,
    private readonly logger: Logger,
  ) {}

  send(events: readonly JobEvent[]): void {
    for (const event of events) {
      const text = encodeEvent(event);
      if (text === undefined)
        this.logger.warn(`An event "${event.type}" of job "${event.job}" is too large to be sent`);
      else this.waiting.push(text);
    }
    const tooMany = this.waiting.length - MOST_WAITING;
    if (tooMany > 0) this.drop(tooMany);
    this.sending ??= this.sendAll();
  }

  /** Resolves when nothing waits. Never rejects. */
  async whenIdle(): Promise<void> {
    await this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      try {
        await this.publish(takeMessage(this.waiting));
        this.isDropping = false;
      } catch {
        // Listeners have missed what this held. Events are news: they are not kept for later.
        this.drop(this.waiting.length);
      }
    }
    this.sending = undefined;
  }

  private drop(count: number): void {
    this.waiting.splice(0, count);
    if (this.isDropping) return;
    this.isDropping = true;
    this.logger.warn('Events could not be passed on to the fleet; some were dropped');
  }
}
