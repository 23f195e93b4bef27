import { BackendSteering } from './backend-steering.js';

/** BullMQ's commands for a queue as a whole: pause, limits, its metadata and its events. */
export abstract class BackendControl extends BackendSteering {
  async pause(pause: boolean): Promise<void> {
    const { queue } = this;
    if (pause) {
      queue.meta.set('paused', '1');
      queue.marks.revoke();
    } else {
      queue.meta.delete('paused');
      if (queue.hasWork) queue.marks.markWork();
      else queue.markDue();
    }
    queue.append(['event', pause ? 'paused' : 'resumed']);
  }

  async setQueueMeta(values: Record<string, string | number>): Promise<number> {
    const { meta } = this.queue;
    const before = meta.size;
    for (const [field, value] of Object.entries(values)) meta.set(field, String(value));
    if ('concurrency' in values) this.queue.wakeForWork();
    return meta.size - before;
  }

  async removeQueueMetaFields(fields: string[]): Promise<number> {
    const removed = fields.filter((field) => this.queue.meta.delete(field)).length;
    if (removed > 0) this.queue.wakeForWork();
    return removed;
  }

  async setRateLimit(expireTimeMs: number): Promise<void> {
    this.queue.limiter.block(this.queue.clock.now(), expireTimeMs);
  }

  async removeRateLimitKey(): Promise<number> {
    return this.queue.limiter.reset(this.queue.clock.now()) ? 1 : 0;
  }

  async removeDeprecatedPriorityKey(): Promise<number> {
    return 0;
  }

  async trimEvents(maxLength: number): Promise<number> {
    return this.queue.events.trim(maxLength);
  }

  async publishEvent(fields: Record<string, string | number>, maxEvents: number): Promise<string> {
    return this.queue.events.append(Object.entries(fields).flat().map(String), maxEvents);
  }
}
