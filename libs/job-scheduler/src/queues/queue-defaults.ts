import { Injectable } from '@nestjs/common';
import { JobRegistry } from '../discovery/job-registry.js';

/** What all enqueues into one queue must agree on (see `store/job-envelope.ts`). */
export interface QueueDefaults {
  /** Whether any registered job of this queue has a priority. */
  readonly prioritized: boolean;
}

const PLAIN: QueueDefaults = { prioritized: false };

/** Derives what queues agree on from the registered jobs. */
@Injectable()
export class QueueDefaultsReader {
  private defaults = new Map<string, QueueDefaults>();
  private jobsSeen = -1;

  constructor(private readonly registry: JobRegistry) {}

  of(queue: string): QueueDefaults {
    const jobs = this.registry.all();
    if (jobs.length !== this.jobsSeen) {
      this.defaults = new Map();
      for (const { definition } of jobs) {
        const known = this.defaults.get(definition.queue) ?? PLAIN;
        this.defaults.set(definition.queue, {
          prioritized: known.prioritized || definition.priority !== 0,
        });
      }
      this.jobsSeen = jobs.length;
    }
    return this.defaults.get(queue) ?? PLAIN;
  }
}
