import type { JobRegistry } from '../discovery/job-registry.js';

/** What all enqueues into one queue must agree on (see `store/job-envelope.ts`). */
export interface QueueTraits {
  /** Whether any registered job of this queue has a priority. */
  readonly prioritized: boolean;
}

const PLAIN: QueueTraits = { prioritized: false };

/** Derives queues' traits from the registered jobs. */
export class QueueTraitsReader {
  private traits = new Map<string, QueueTraits>();
  private jobsSeen = -1;

  constructor(private readonly registry: JobRegistry) {}

  of(queue: string): QueueTraits {
    const jobs = this.registry.all();
    if (jobs.length !== this.jobsSeen) {
      this.traits = new Map();
      for (const { definition } of jobs) {
        const known = this.traits.get(definition.queue) ?? PLAIN;
        this.traits.set(definition.queue, {
          prioritized: known.prioritized || definition.priority !== 0,
        });
      }
      this.jobsSeen = jobs.length;
    }
    return this.traits.get(queue) ?? PLAIN;
  }
}
