import { Injectable } from '@nestjs/common';
import { Clock, type ClockTimer } from '../common/clock.js';
import { OwnLogger } from '../common/own-logger.js';
import { NotStartedError } from '../errors/store-errors.js';
import type { EngineEvents } from '../store/ports/ports.js';
import { StoreHolder } from '../store/store-holder.js';
import { CapacityWaiters } from './capacity-waiters.js';

/** How long a queue's events are still listened to after the last wait, in milliseconds: the next may come soon. */
const LINGER = 10_000;

interface CapacityWatch {
  readonly line: CapacityWaiters;
  events?: EngineEvents | undefined;
  closing?: ClockTimer | undefined;
}

/** Lets callers wait for room in queues with `maxWaiting`. */
@Injectable()
export class QueueCapacity {
  private readonly watches = new Map<string, CapacityWatch>();
  private readonly logger = new OwnLogger();
  private closed = false;

  constructor(
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  /** As `CapacityWaiters.enter`. @throws NotStartedError when the app stops meanwhile */
  enter<T>(queue: string, add: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.closed) throw this.stopped();
    return this.watch(queue).line.enter(add, signal);
  }

  /** Whether callers wait for room in a queue. */
  hasLine(queue: string): boolean {
    return this.watches.get(queue)?.line.isEmpty === false;
  }

  /** Ends all waiting. */
  async close(): Promise<void> {
    this.closed = true;
    const watches = [...this.watches.values()];
    this.watches.clear();
    for (const { line } of watches) line.end(this.stopped());
    await Promise.all(watches.map((watch) => this.stopListening(watch)));
  }

  private stopped(): NotStartedError {
    return new NotStartedError('wait for room in a queue', 'stopped');
  }

  private watch(queue: string): CapacityWatch {
    let watch = this.watches.get(queue);
    if (!watch) {
      const opened: CapacityWatch = {
        line: new CapacityWaiters(this.clock, (waiting) => this.listen(queue, opened, waiting)),
      };
      this.watches.set(queue, (watch = opened));
    }
    return watch;
  }

  /** The line looks for itself now and then: what happens before the events come, or when they cannot, does not matter. */
  private listen(queue: string, watch: CapacityWatch, waiting: boolean): void {
    watch.closing?.cancel();
    watch.closing = undefined;
    if (this.closed) return;
    if (!waiting) {
      watch.closing = this.clock.after(LINGER, () => void this.stopListening(watch), false);
    } else if (!watch.events) {
      const events = this.holder.require('wait for room in a queue').queues.events(queue);
      events.on('error', (error) => this.logger.debug(error.message));
      events.on('active', () => watch.line.tell());
      events.on('removed', () => watch.line.tell());
      watch.events = events;
    }
  }

  private async stopListening(watch: CapacityWatch): Promise<void> {
    watch.closing?.cancel();
    const { events } = watch;
    watch.events = undefined;
    await events?.close().catch((error: Error) => this.logger.debug(error.message));
  }
}
