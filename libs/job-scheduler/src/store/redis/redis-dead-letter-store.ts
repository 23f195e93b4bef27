import type { Job, JobsOptions } from 'bullmq';
import {
  lastStack,
  LOOK_AT_MOST,
  type AgedJob,
  type DeadLetterStore,
  type FailedFilter,
  type FailedJob,
  type FailedPage,
  type FailedPlace,
  type FailedQueue,
} from '../ports/dead-letter-store.js';
import { PAGE_BYTES } from '../ports/history-store.js';
import { isStoreAway } from '../store-away.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

/** Before the jobs in an answer. */
const HEAD = 3;
const WIDTH = 12;
const AGED_WIDTH = 4;

/** BullMQ's sorted set of failed jobs, and its hashes of jobs. */
export class RedisDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async list(queue: string, filter: FailedFilter, limit: number, before?: FailedPlace): Promise<FailedPage<FailedJob>> {
    const { values, next } = await this.look('list', queue, filter, limit, before);
    const items = Array.from({ length: values.length / WIDTH }, (_, n) =>
      toFailedJob(values.slice(n * WIDTH, (n + 1) * WIDTH)),
    );
    return { items, ...next };
  }

  async ids(queue: string, filter: FailedFilter, limit: number, after?: FailedPlace): Promise<FailedPage<string>> {
    const { values, next } = await this.look('ids', queue, filter, limit, after);
    return { items: values as string[], ...next };
  }

  async count(queue: string, { job, until }: FailedFilter): Promise<number> {
    if (job === undefined) {
      const key = this.keys.failed(queue);
      return this.deadline.run(this.connections.producer.zcount(key, '-inf', until ?? '+inf'));
    }
    let count = 0;
    let after: FailedPlace | undefined;
    do {
      const page: FailedPage<string> = await this.ids(queue, { job, until }, LOOK_AT_MOST, after);
      count += page.items.length;
      after = page.next;
    } while (after);
    return count;
  }

  async aged(queue: string, now: number, after?: FailedPlace): Promise<FailedPage<AgedJob>> {
    const key = this.keys.failed(queue);
    const [more, at, id, ...values] = await this.deadline.run(
      this.connections.producer.jobsAged(key, now, after?.at ?? '', after?.id ?? '', LOOK_AT_MOST),
    );
    const items = Array.from({ length: values.length / AGED_WIDTH }, (_, n) => {
      const [jobId, failedAt, name, opts] = values.slice(n * AGED_WIDTH).map(String) as [
        string,
        string,
        string,
        string,
      ];
      return { id: jobId, name, opts: (readJson(opts) as JobsOptions | undefined) ?? {}, failedAt: Number(failedAt) };
    });
    return { items, ...(more === 1 && { next: { at: Number(at), id: String(id) } }) };
  }

  /** The calls leave together. */
  async retry(queue: FailedQueue, ids: readonly string[]): Promise<number> {
    const backend = queue.getBackend();
    const answers = await Promise.allSettled(
      ids.map((id) => backend.retryFinishedJob({ id, opts: {} } as Job, 'failed', { resetAttemptsMade: true })),
    );
    for (const answer of answers) {
      // Another one was faster, or the store has not taken it.
      if (answer.status === 'rejected' && !isNotFailed(answer.reason)) throw answer.reason;
    }
    return answers.filter(({ status }) => status === 'fulfilled').length;
  }

  async discard(queue: FailedQueue, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const [count, ...trees] = await this.deadline.run(
      this.connections.producer.jobsDiscardFailed(this.keys.failed(queue.name), ...ids),
    );
    const removed = await Promise.all(trees.map((id) => queue.remove(String(id))));
    return removed.reduce((sum, each) => sum + each, Number(count));
  }

  private async look(
    what: 'list' | 'ids',
    queue: string,
    { job = '', until = '' }: { job?: string | undefined; until?: number | '' | undefined },
    limit: number,
    place: FailedPlace | undefined,
  ): Promise<{ values: (string | null)[]; next: Omit<FailedPage<unknown>, 'items'> }> {
    const answer = await this.deadline.run(
      this.connections.producer.jobsFailed(
        this.keys.failed(queue),
        what,
        until,
        place?.at ?? '',
        place?.id ?? '',
        job,
        limit,
        LOOK_AT_MOST,
        PAGE_BYTES,
      ),
    );
    const [more, at, id] = answer;
    return {
      values: answer.slice(HEAD) as (string | null)[],
      next: more === 0 ? {} : { next: { at: Number(at), id: String(id) }, isLarge: more === 2 },
    };
  }
}

/** BullMQ: the job is missing; it is in another state. */
const NOT_FAILED = new Set<unknown>([-1, -3]);

function isNotFailed(error: unknown): boolean {
  return !isStoreAway(error) && NOT_FAILED.has((error as { code?: unknown }).code);
}

function toFailedJob(values: (string | null)[]): FailedJob {
  const [id, at, name, data, opts, timestamp, made, started, stalled, scheduler, reason, stacks] = values;
  return {
    job: {
      id: id!,
      name: name!,
      data: readJson(data),
      opts: (readJson(opts) as JobsOptions | undefined) ?? {},
      timestamp: Number(timestamp),
      attemptsMade: Number(made ?? 0),
      attemptsStarted: Number(started ?? 0),
      stalledCounter: Number(stalled ?? 0),
      ...(scheduler && { repeatJobKey: scheduler }),
    },
    failedAt: Number(at),
    reason: reason ?? '',
    stack: lastStack(stacks),
  };
}

function readJson(text: string | null | undefined): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
