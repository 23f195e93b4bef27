import { Injectable, type Logger } from '@nestjs/common';
import { OwnLogger } from '../common/own-logger.js';
import type { ListenerMethod } from '../discovery/event-listener.js';
import { describeThrown } from '../common/describe-error.js';
import type { JobEvent } from '../definition/job-event.js';
import { EventBus } from './event-bus.js';

/** Events that wait for one listener; of more the newest are dropped. */
const MOST_WAITING = 10_000;
/** Texts of errors that are remembered of one listener, so as not to repeat them. */
const MOST_TEXTS = 100;

/** Calls `@OnJobEvent()` methods: for each execution one event after the other, executions beside each other. */
@Injectable()
export class ListenerCalls {
  private readonly logger = new OwnLogger();
  private readonly queues: ListenerQueue[] = [];

  constructor(private readonly bus: EventBus) {}

  add(listeners: readonly ListenerMethod[]): void {
    if (listeners.length === 0) return;
    if (this.queues.length === 0) this.bus.on((event) => this.hear(event));
    this.queues.push(...listeners.map((listener) => new ListenerQueue(listener, this.logger)));
  }

  /** Resolves when no listener is at work. Never rejects. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.whenIdle()));
  }

  private hear(event: JobEvent): void {
    for (const queue of this.queues) queue.hear(event);
  }
}

class ListenerQueue {
  /** What waits, by execution. One that is there has a call under way. */
  private readonly waiting = new Map<string, JobEvent[]>();
  private readonly calls = new Set<Promise<void>>();
  private readonly texts = new Set<string>();
  private count = 0;

  constructor(
    private readonly listener: ListenerMethod,
    private readonly logger: Logger,
  ) {}

  hear(event: JobEvent): void {
    const { types, job } = this.listener;
    if (!types.has(event.type) || (job !== undefined && job !== event.job)) return;
    if (this.count >= MOST_WAITING) {
      return this.complain(
        `Its calls do not end: of ${MOST_WAITING} that wait no more are kept, and events are dropped`,
      );
    }
    this.count++;
    const waiting = this.waiting.get(event.id);
    if (waiting) {
      waiting.push(event);
      return;
    }
    this.waiting.set(event.id, []);
    const calls = this.callAll(event).then(() => void this.calls.delete(calls));
    this.calls.add(calls);
  }

  async whenIdle(): Promise<void> {
    while (this.calls.size > 0) await Promise.all(this.calls);
  }

  private async callAll(first: JobEvent): Promise<void> {
    const waiting = this.waiting.get(first.id)!;
    for (let event: JobEvent | undefined = first; event; event = waiting.shift()) {
      try {
        await this.listener.call(event);
      } catch (thrown) {
        this.complain(describeThrown(thrown).message);
      }
      this.count--;
    }
    this.waiting.delete(first.id);
  }

  /** Once for each text. */
  private complain(text: string): void {
    if (this.texts.has(text) || this.texts.size >= MOST_TEXTS) return;
    this.texts.add(text);
    this.logger.error(`The listener ${this.listener.at} failed: ${text}`);
  }
}
