import type { JobEvent } from '../definition/job-event.js';
import type { JobEvents } from '../execution/job-events.js';

export type EventListener = (event: JobEvent) => void;

/** What happens to executions, on its way to whoever listens in this process. */
export class EventBus implements JobEvents {
  private readonly listeners = new Set<EventListener>();

  get wanted(): boolean {
    return this.listeners.size > 0;
  }

  emit(event: JobEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** `listener` is called with every event of this process. @returns ends it. */
  on(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
