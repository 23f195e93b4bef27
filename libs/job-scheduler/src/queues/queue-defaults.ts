import type { JobRegistry } from '../discovery/job-registry.js';

/** What all enqueues into one queue must agree on (see `store/job-envelope.ts`). */
export interface QueueDefaults {
  /** Whether any registered job of this queue has a priority. */
  readonly prioritized: boolean;
}

const PLAIN: QueueDefaults = { prioritized: false };

/** Derives queues' traits from the registered jobs. */
export class QueueDefaultsReader {
  private traits = new Map<string, QueueDefaults>();
  private jobsSeen = -1;

  constructor(private readonly registry: JobRegistry) {}

  of(queue: string): QueueDefaults {
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
