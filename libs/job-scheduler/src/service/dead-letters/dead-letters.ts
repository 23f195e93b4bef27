import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { JobRef } from '../../definition/job-ref.js';
import { OwnLogger } from '../../common/own-logger.js';
import { inspectShort } from '../../common/inspect-short.js';
import { isStorableText } from '../../common/storable-text.js';
import { isContract } from '../../discovery/option-shapes.js';
import { ExecutionNotFailedError, ExecutionUnknownError } from '../../errors/unknown-name-errors.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import type { FailedFilter, FailedPage, FailedPlace } from '../../store/ports/dead-letter-store.js';
import { executionId, toQueuedExecution } from '../../store/codecs/job-envelope.js';
import { encodeJobId } from '../../store/names.js';
import type { EngineQueue, Store } from '../../store/ports/ports.js';
import { StoreHolder } from '../../store/store-holder.js';
import { Actions } from '../actions.js';
import { checkQueryFields } from '../history/check-execution-query.js';
import type { DeadLetter, DeadLetterFilter, DeadLetterPage, DeadLetterQuery } from './dead-letter.js';
import {
  collect,
  cursorOf,
  merge,
  placeIn,
  readAge,
  readLimit,
  readPlace,
  type QueueFailure,
} from './dead-letter-list.js';
import { ExecutionFinder } from '../../jobs/execution-finder.js';
import { BullQueues } from '../../queues/bull-queues.js';
import { JobRetrier } from '../../jobs/job-retrier.js';

/** How many are retried or dropped at once. */
const PORTION = 100;
/** A mistyped one would mean all. */
const FILTER = ['job', 'queue', 'olderThan'];

/**
 * Jobs that have failed for good: reads them, brings them back into their queues, or drops them. They are those that BullMQ
 * keeps as failed; each stays for its job's `retention.failed`.
 *
 * Many are handled in portions, each with the same few round trips, so that no other call waits long for the store.
 */
@Injectable()
export class DeadLetters {
  private readonly logger = new OwnLogger();
  private readonly actions = new Actions();

  constructor(
    private readonly queues: BullQueues,
    private readonly finder: ExecutionFinder,
    private readonly retrier: JobRetrier,
    private readonly holder: StoreHolder,
    private readonly registry: JobRegistry,
    private readonly clock: Clock,
  ) {}

  /** Newest first. @throws JobUnknownError, QueueUnknownError; HistoryQueryError for a wrong query */
  async list(query: DeadLetterQuery = {}): Promise<DeadLetterPage> {
    checkQueryFields(query, [...FILTER, 'limit', 'before']);
    const limit = readLimit(query.limit);
    const before = readPlace(query.before);
    await this.holder.ready();
    const { filter, queues } = this.read(query);
    // One more tells whether there is more.
    const found = await this.holder.run('list dead letters', ({ deadLetters }) =>
      Promise.all(
        queues.map((queue) =>
          collect(
            limit + 1,
            (wanted, place) => deadLetters.list(queue, filter, wanted, place),
            placeIn(queue, before),
          ).then((part) => ({ ...part, items: part.items.map((job) => ({ ...job, queue })) })),
        ),
      ),
    );
    const { items, isMore } = merge(found, limit);
    const last = items.at(-1);
    return { items: items.flatMap((job) => this.toLetter(job)), ...(isMore && last && { next: cursorOf(last) }) };
  }

  /** @throws JobUnknownError, QueueUnknownError; HistoryQueryError for a wrong filter */
  async count(filter: DeadLetterFilter = {}): Promise<number> {
    checkQueryFields(filter, FILTER);
    await this.holder.ready();
    const { filter: stored, queues } = this.read(filter);
    const counts = await this.holder.run('count dead letters', ({ deadLetters }) =>
      Promise.all(queues.map((queue) => deadLetters.count(queue, stored))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Runs them again, with all their attempts, the oldest first; steps that have succeeded are not run again. A unique job
   * runs without its key then, as with `JobService.retry`. Bounds of queues do not hold for them.
   * @param which the id of one, or a filter; `{}` means all that have failed by now.
   * @returns how many were brought back.
   * @throws JobUnknownError, QueueUnknownError; for an id ExecutionUnknownError, ExecutionNotFailedError
   */
  retry(which: string | DeadLetterFilter): Promise<number> {
    return this.note(this.bringBack(which), which, 'brought back to be run again');
  }

  private async bringBack(which: string | DeadLetterFilter): Promise<number> {
    if (typeof which === 'string') {
      await this.holder.run('retry dead letters', () => this.retrier.retry(which));
      return 1;
    }
    return this.inPortions(which, async ({ deadLetters, executions }, queue, ids) => {
      // The records first: a run that finds a final record ends at once.
      await executions.reopenAll(ids.map((id) => executionId({ id }, queue.name)));
      return deadLetters.retry(queue, ids);
    });
  }

  /**
   * Takes them out of the failed jobs; their records stay in the history.
   * @param which the id of one, or a filter; `{}` means all that have failed by now.
   * @returns how many were dropped.
   * @throws JobUnknownError, QueueUnknownError; for an id ExecutionUnknownError, ExecutionNotFailedError
   */
  discard(which: string | DeadLetterFilter): Promise<number> {
    return this.note(this.drop(which), which, 'discarded');
  }

  private async drop(which: string | DeadLetterFilter): Promise<number> {
    if (typeof which !== 'string')
      return this.inPortions(which, ({ deadLetters }, queue, ids) => deadLetters.discard(queue, ids));
    return this.holder.run('discard dead letters', (store) => this.discardOne(store, which));
  }

  private note(work: Promise<number>, which: string | DeadLetterFilter, done: string): Promise<number> {
    return this.actions.note(work, (count) => {
      if (typeof which === 'string') return `Dead letter ${inspectShort(which)} was ${done}`;
      const { job, ...filter } = which;
      const chosen = Object.entries({ job: job && this.nameOf(job), ...filter }).filter(
        ([, value]) => value !== undefined,
      );
      const words = chosen.map(([name, value]) => `${name} ${inspectShort(value)}`).join(', ');
      return `${count} dead letters were ${done} (${words || 'of all jobs'})`;
    });
  }

  private async discardOne({ deadLetters }: Store, which: string): Promise<number> {
    const found = await this.finder.find(which);
    if (!found) throw new ExecutionUnknownError(which);
    const queue = this.queues.get(found.queue);
    const dropped = found.inQueue ? await deadLetters.discard(queue, [encodeJobId(which, queue.name)]) : 0;
    if (dropped === 0) throw new ExecutionNotFailedError(which, (await this.finder.status(which)) ?? 'unknown');
    return dropped;
  }

  private async inPortions(
    which: DeadLetterFilter,
    handle: (store: Store, queue: EngineQueue, ids: readonly string[]) => Promise<number>,
  ): Promise<number> {
    checkQueryFields(which, FILTER);
    const portion = <T>(work: (store: Store) => Promise<T>) => this.holder.run('look for dead letters', work);
    await this.holder.ready();
    const { filter, queues } = this.read(which);
    // Those that fail meanwhile, some of them anew, are not meant.
    const until = filter.until ?? this.clock.now();
    let handled = 0;
    for (const queue of queues) {
      let after: FailedPlace | undefined;
      do {
        const place = after;
        const page: FailedPage<string> = await portion(({ deadLetters }) =>
          deadLetters.ids(queue, { ...filter, until }, PORTION, place),
        );
        if (page.items.length > 0)
          handled += await portion((store) => handle(store, this.queues.get(queue), page.items));
        after = page.next;
      } while (after);
    }
    return handled;
  }

  private read({ job, queue, olderThan }: DeadLetterFilter): { filter: FailedFilter; queues: string[] } {
    if (queue !== undefined) this.queues.settings(queue);
    return {
      filter: {
        job: job === undefined ? undefined : this.nameOf(job),
        until: olderThan === undefined ? undefined : this.clock.now() - readAge(olderThan),
      },
      queues: queue === undefined ? this.queues.names() : [queue],
    };
  }

  /** Dead letters outlive the code of their jobs: a name may be one that is not registered any more. */
  private nameOf(job: JobRef): string {
    if (typeof job === 'string') return isStorableText(job) ? job : this.registry.require(job).definition.name;
    return isContract(job) ? job.jobName : this.registry.require(job).definition.name;
  }

  /** None for a job that cannot be read. */
  private toLetter({ job, queue, failedAt, reason, stack }: QueueFailure): DeadLetter[] {
    try {
      const { id, job: name, payload, scheduleId, metadata, createdAt } = toQueuedExecution(job, queue);
      return [
        {
          id,
          job: name,
          queue,
          payload,
          error: { message: reason, ...(stack !== undefined && { stack }) },
          attempts: job.attemptsMade,
          scheduleId,
          metadata,
          createdAt: new Date(createdAt),
          failedAt: new Date(failedAt),
        },
      ];
    } catch (error) {
      this.logger.warn(`The failed job ${job.id} of queue "${queue}" cannot be read: ${(error as Error).message}`);
      return [];
    }
  }
}
