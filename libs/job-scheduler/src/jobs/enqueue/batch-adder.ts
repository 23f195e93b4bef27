import { Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeThrown } from '../../common/describe-error.js';
import { EnqueueIncompleteError, QueueFullError } from '../../errors/queue-errors.js';
import { StoreUnavailableError } from '../../errors/store-errors.js';
import { toQueueEntry, type JobToAdd } from '../../store/codecs/job-envelope.js';
import type { Store } from '../../store/ports/ports.js';
import { toEnqueued, type Enqueued } from '../enqueued.js';
import { inTurns } from '../in-turns.js';
import { portionsOf, wholePortionsOf } from '../portions.js';
import { BullQueues } from '../../queues/bull-queues.js';
import { QueueCapacity } from '../../queues/queue-capacity.js';
import { guardStore } from '../../store/store-guard.js';

/** An entry of `enqueueMany` that is to be stored. */
export interface Wanted {
  readonly job: JobToAdd;
  /** For room in its queue. */
  readonly mayWait: boolean;
  readonly signal: AbortSignal | undefined;
}

/** How far a batch has come, by the ids that its jobs were to get. */
export class BatchProgress {
  readonly stored = new Set<string>();
  /** Sent to a store that gave no answer. */
  readonly unknown = new Set<string>();
  /** What was not added, since its unique key was taken. */
  readonly doubled = new Map<string, Enqueued>();
}

/** What tells the caller of `enqueueMany` how far it came. */
export function incomplete(
  results: readonly Enqueued[],
  fresh: readonly Wanted[],
  { stored, unknown }: BatchProgress,
  cause: unknown,
): EnqueueIncompleteError {
  const missing = new Set(fresh.flatMap(({ job: { id } }) => (stored.has(id) || unknown.has(id) ? [] : [id])));
  const unsent = results.flatMap(({ id }, position) => (missing.has(id) ? [position] : []));
  const uncertain = results.filter(({ id }) => unknown.has(id)).length;
  const progress = {
    total: results.length,
    stored: results.length - uncertain - unsent.length,
    unknown: uncertain,
    unsent: unsent.length,
  };
  return new EnqueueIncompleteError(progress, unsent, describeThrown(cause).message, cause);
}

type QueueBatch = [queue: string, batch: Wanted[]];

async function byQueue(wanted: readonly Wanted[]): Promise<QueueBatch[]> {
  const queues = new Map<string, Wanted[]>();
  await inTurns(wanted, (each) => {
    const batch = queues.get(each.job.queue);
    if (batch) batch.push(each);
    else queues.set(each.job.queue, [each]);
  });
  return [...queues];
}

/** A portion of so many jobs does not hold up the event loop for long. */
const SHORT = 100;

const lengthOf = ({ job }: Wanted) => job.payloadJson?.length ?? 0;

/** Puts many jobs into their queues, in one round trip per queue and portion. */
@Injectable()
export class BatchAdder {
  constructor(
    private readonly queues: BullQueues,
    private readonly capacity: QueueCapacity,
  ) {}

  /**
   * Queues that may refuse come first, so that nothing has been stored yet if one does; then those that always take; then
   * those where there may be a wait. After an error no further portion is sent, and none is under way.
   */
  async addAll(store: Store, wanted: readonly Wanted[], progress: BatchProgress): Promise<void> {
    const add = (queue: string, batch: readonly Wanted[]) => this.addPortion(store, queue, batch, progress);
    const prompt = await byQueue(wanted.filter(({ mayWait }) => !mayWait));
    const bounded = prompt.filter(([queue]) => this.queues.settings(queue).maxWaiting !== undefined);
    for (const each of bounded) this.checkFits(each);
    // One portion where it can be: it is added as a whole or not at all.
    for (const [queue, batch] of bounded) for (const portion of wholePortionsOf(batch)) await add(queue, portion);
    await allOrFirstError(
      prompt.filter((each) => !bounded.includes(each)),
      async ([queue, batch], hasFailed) => {
        for (const portion of portionsOf(batch, lengthOf)) {
          if (hasFailed()) return;
          await add(queue, portion);
        }
      },
    );
    const patient = await byQueue(wanted.filter(({ mayWait }) => mayWait));
    await allOrFirstError(patient, async ([queue, batch], hasFailed) => {
      for (const portion of wholePortionsOf(batch)) {
        if (hasFailed()) return;
        if (!this.capacity.hasLine(queue) && (await this.fitsWhole(() => add(queue, portion)))) continue;
        for (const each of portion) await this.capacity.enter(queue, () => add(queue, [each]), each.signal);
      }
    });
  }

  /** What would be refused after some portions is refused before the first one. Jobs for later need no room, unique ones perhaps. */
  private checkFits([queue, batch]: QueueBatch): void {
    const { maxWaiting = Infinity } = this.queues.settings(queue);
    const needed = batch.filter(({ job }) => job.delay === 0 && !job.unique).length;
    if (needed > maxWaiting) throw new QueueFullError(queue, maxWaiting, needed);
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

  private async addPortion(
    store: Store,
    queue: string,
    portion: readonly Wanted[],
    progress: BatchProgress,
  ): Promise<void> {
    try {
      await guardStore(store, () => this.add(queue, portion, progress));
      for (const { job } of portion) progress.stored.add(job.id);
      // A store in this process answers without one.
      if (portion.length > SHORT) await nextTurn();
    } catch (error) {
      if (error instanceof StoreUnavailableError) for (const { job } of portion) progress.unknown.add(job.id);
      throw error;
    }
  }

  private async add(queue: string, portion: readonly Wanted[], { doubled }: BatchProgress): Promise<void> {
    const entries = portion.map(({ job }) => toQueueEntry(job));
    const [first, ...others] = entries;
    // A bulk of one costs several times a single add on SQL.
    const added =
      first && others.length === 0
        ? [await this.queues.getBounded(queue).add(first.name, first.data, first.opts)]
        : await this.queues.getBounded(queue).addBulk(entries);
    for (const [index, { job }] of portion.entries()) {
      if (!job.unique) continue;
      const enqueued = toEnqueued(job, added[index]!);
      if (enqueued.duplicate) doubled.set(job.id, enqueued);
    }
  }
}

/** Waits until all work has ended. @throws the first error; `work` learns that there has been one, and is to end */
async function allOrFirstError<T>(
  items: readonly T[],
  work: (item: T, hasFailed: () => boolean) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const hasFailed = () => errors.length > 0;
  await Promise.all(items.map((item) => work(item, hasFailed).catch((error: unknown) => errors.push(error))));
  if (hasFailed()) throw errors[0];
}
