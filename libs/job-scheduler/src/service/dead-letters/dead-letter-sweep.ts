import { createHash } from 'node:crypto';
import type { Clock } from '../../common/clock.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { AgedJob, FailedPage, FailedPlace } from '../../store/ports/dead-letter-store.js';
import { toQueuedExecution } from '../../store/codecs/job-envelope.js';
import type { Store } from '../../store/ports/ports.js';
import type { BullQueues } from '../../queues/bull-queues.js';

/** Pages of a queue in one round: the next round goes on from there. */
const PAGES = 5;

/** Held by the process that has swept, for most of a round: others that know the same jobs need not. */
const ROUND = '_dead-letters';

/**
 * Drops dead letters, each when its own `retention.failed` is over. BullMQ would drop all failed jobs of a queue that are older
 * than the one that fails is to become.
 */
export class DeadLetterSweep {
  private readonly places = new Map<string, FailedPlace>();

  constructor(
    private readonly store: Pick<Store, 'deadLetters' | 'locks'>,
    private readonly queues: BullQueues,
    private readonly registry: JobRegistry,
    private readonly clock: Clock,
  ) {}

  /** @param every how long a round is, in milliseconds. */
  async sweep(workerId: string, every: number): Promise<void> {
    const names = this.registry.all().map(({ definition }) => definition.name);
    const known = createHash('sha256').update(JSON.stringify(names.toSorted())).digest('base64url');
    const { held } = await this.store.locks.acquire(`${ROUND}:${known}`, workerId, { ttl: Math.max(1, 0.9 * every) });
    if (!held) return;
    for (const queue of this.queues.names()) await this.sweepQueue(queue);
  }

  private async sweepQueue(queue: string): Promise<void> {
    for (let pages = 0; pages < PAGES; pages++) {
      const now = this.clock.now();
      const page: FailedPage<AgedJob> = await this.store.deadLetters.aged(queue, now, this.places.get(queue));
      const over = page.items.filter((job) => this.isOver(queue, job, now)).map(({ id }) => id);
      if (over.length > 0) await this.store.deadLetters.discard(this.queues.get(queue), over);
      if (page.next) this.places.set(queue, page.next);
      else this.places.delete(queue);
      if (!page.next) return;
    }
  }

  /** The time that stands with it is over. Whoever enqueued it may not have known for how long its job is to be kept. */
  private isOver(queue: string, { id, name, opts, failedAt }: AgedJob, now: number): boolean {
    const job = { id, name, opts, data: {}, timestamp: 0, attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0 };
    const { overrides, maxAttempts } = toQueuedExecution(job, queue);
    if (overrides.retention?.failed !== undefined) return true;
    const definition = this.registry.find(name)?.definition;
    if (definition) return failedAt + definition.retention.failed <= now;
    // By a contract: those who have its code know.
    const isByContract = 'njs' in opts && maxAttempts === 0;
    return !isByContract;
  }
}
