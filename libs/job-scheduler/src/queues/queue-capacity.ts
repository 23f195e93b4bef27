import { Injectable } from '@nestjs/common';
import { Clock, type ClockTimer } from '../common/clock.js';
import { OwnLogger } from '../common/own-logger.js';
import { NotStartedError } from '../errors/store-errors.js';
import type { EngineEvents } from '../store/ports/ports.js';
import { StoreHolder } from '../store/store-holder.js';
import { CapacityWaiters } from './capacity-waiters.js';

/** How long a queue's events are still listened to when nobody waits any more, in milliseconds: they may come again soon. */
const LINGER = 10_000;

interface Hall {
  readonly line: CapacityWaiters;
  events?: EngineEvents | undefined;
  closing?: ClockTimer | undefined;
}

/** Lets callers wait for room in queues with `maxWaiting`. */
@Injectable()
export class QueueCapacity {
  private readonly halls = new Map<string, Hall>();
  private readonly logger = new OwnLogger();
  private closed = false;

  constructor(
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  /** As `CapacityWaiters.enter`. @throws NotStartedError when the app stops meanwhile */
  enter<T>(queue: string, add: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.closed) throw this.stopped();
    return this.hall(queue).line.enter(add, signal);
  }

  /** Whether callers wait for room in a queue. */
  hasLine(queue: string): boolean {
    return this.halls.get(queue)?.line.isEmpty === false;
  }

  /** Ends all waiting. */
  async close(): Promise<void> {
    this.closed = true;
    const halls = [...this.halls.values()];
    this.halls.clear();
    for (const { line } of halls) line.end(this.stopped());
    await Promise.all(halls.map((hall) => this.stopListening(hall)));
  }

  private stopped(): NotStartedError {
    return new NotStartedError('wait for room in a queue', 'stopped');
  }

  private hall(queue: string): Hall {
    let hall = this.halls.get(queue);
    if (!hall) {
      const opened: Hall = { line: new CapacityWaiters(this.clock, (waiting) => this.listen(queue, opened, waiting)) };
      this.halls.set(queue, (hall = opened));
    }
    return hall;
  }

  /** The line looks for itself now and then: what happens before the events come, or when they cannot, does not matter. */
  private listen(queue: string, hall: Hall, waiting: boolean): void {
    hall.closing?.cancel();
    hall.closing = undefined;
    if (this.closed) return;
    if (!waiting) {
      hall.closing = this.clock.after(LINGER, () => void this.stopListening(hall), false);
    } else if (!hall.events) {
      const events = this.holder.require('wait for room in a queue').queues.events(queue);
      events.on('error', (error) => this.logger.debug(error.message));
      events.on('active', () => hall.line.tell());
      events.on('removed', () => hall.line.tell());
      hall.events = events;
    }
  }

  private async stopListening(hall: Hall): Promise<void> {
    hall.closing?.cancel();
    const { events } = hall;
    hall.events = undefined;
    await events?.close().catch((error: Error) => this.logger.debug(error.message));
  }
}
