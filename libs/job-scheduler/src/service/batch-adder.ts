import type { Clock } from '../definition/clock.js';
import { QueueFullError } from '../errors/queue-errors.js';
import { toQueueEntry, type NewJob } from '../store/job-envelope.js';
import type { Store } from '../store/ports.js';
import { toEnqueued, type Enqueued } from './enqueued.js';
import type { QueueHub } from './queue-hub.js';
import type { QueueRoom } from './queue-room.js';
import { guardStore } from './store-guard.js';

/** An entry of `enqueueMany` that is to be stored. */
export interface Wanted {
  readonly job: NewJob;
  /** For room in its queue. */
  readonly mayWait: boolean;
  readonly signal: AbortSignal | undefined;
}

function byQueue(wanted: readonly Wanted[]): [queue: string, batch: Wanted[]][] {
  const queues = new Map<string, Wanted[]>();
  for (const each of wanted) {
    const batch = queues.get(each.job.queue);
    if (batch) batch.push(each);
    else queues.set(each.job.queue, [each]);
  }
  return [...queues];
}

/** Puts many jobs into their queues, in one round trip per queue. */
export class BatchAdder {
  constructor(
    private readonly hub: QueueHub,
    private readonly room: QueueRoom,
    private readonly clock: Clock,
  ) {}

  /**
   * Queues that may refuse come first, so that nothing has been stored yet if one does; then those that always take; then
   * those where there may be a wait. Gives what was not added, by the id that it was to get.
   */
  async addAll(store: Store, wanted: readonly Wanted[]): Promise<Map<string, Enqueued>> {
    const doubled = new Map<string, Enqueued>();
    const add = (queue: string, batch: readonly Wanted[]) =>
      guardStore(store, this.clock, () =>
        this.addBatch(
          queue,
          batch.map(({ job }) => job),
          doubled,
        ),
      );
    const prompt = byQueue(wanted.filter(({ mayWait }) => !mayWait));
    const bounded = prompt.filter(([queue]) => this.hub.settings(queue).maxWaiting !== undefined);
    for (const [queue, batch] of bounded) await add(queue, batch);
    await Promise.all(prompt.filter((each) => !bounded.includes(each)).map(([queue, batch]) => add(queue, batch)));
    await Promise.all(
      byQueue(wanted.filter(({ mayWait }) => mayWait)).map(async ([queue, batch]) => {
        if (!this.room.hasLine(queue) && (await this.fitsWhole(() => add(queue, batch)))) return;
        for (const each of batch) await this.room.enter(queue, () => add(queue, [each]), each.signal);
      }),
    );
    return doubled;
  }

  private async fitsWhole(add: () => Promise<void>): Promise<boolean> {
    try {
      await add();
      return true;
    } catch (error) {
      if (error instanceof QueueFullError) return false;
      throw error;
    }
  }

  private async addBatch(queue: string, batch: readonly NewJob[], doubled: Map<string, Enqueued>): Promise<void> {
    const entries = batch.map(toQueueEntry);
    const [first, ...others] = entries;
    // A bulk of one costs several times a single add on SQL.
    const added =
      first && others.length === 0
        ? [await this.hub.getBounded(queue).add(first.name, first.data, first.opts)]
        : await this.hub.getBounded(queue).addBulk(entries);
    for (const [index, job] of batch.entries()) {
      if (!job.unique) continue;
      const enqueued = toEnqueued(job, added[index]!);
      if (enqueued.duplicate) doubled.set(job.id, enqueued);
    }
  }
}
