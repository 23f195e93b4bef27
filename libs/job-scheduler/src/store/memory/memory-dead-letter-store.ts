import type { KeptJob, KeptQueue, OpenMemory } from '#bullmq-memory/extend';
import { lastStack, LOOK_AT_MOST } from '../ports/dead-letter-store.js';
import type {
  AgedJob,
  DeadLetterStore,
  FailedFilter,
  FailedJob,
  FailedPage,
  FailedPlace,
  FailedQueue,
} from '../ports/dead-letter-store.js';
import { PAGE_BYTES } from '../ports/history-store.js';

/** Failed jobs in the memory of this process. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly memory: OpenMemory,
    private readonly prefix: string,
  ) {}

  async list(queue: string, filter: FailedFilter, limit: number, before?: FailedPlace): Promise<FailedPage<FailedJob>> {
    return take(fitting(this.queue(queue).latestFailed(before && toLimit(before)), filter), limit, toFailedJob, sizeOf);
  }

  async ids(queue: string, filter: FailedFilter, limit: number, after?: FailedPlace): Promise<FailedPage<string>> {
    return take(fitting(afterPlace(this.queue(queue).failed(), after), filter), limit, ({ id }) => id);
  }

  async count(queue: string, filter: FailedFilter): Promise<number> {
    return [...fitting(this.queue(queue).failed(), filter)].length;
  }

  async aged(queue: string, now: number, after?: FailedPlace): Promise<FailedPage<AgedJob>> {
    const page = take(afterPlace(this.queue(queue).failed(), after), LOOK_AT_MOST, toAgedJob);
    return { ...page, items: page.items.filter(({ opts, failedAt }) => failedAt + ageOf(opts) * 1_000 <= now) };
  }

  async retry({ name }: FailedQueue, ids: readonly string[]): Promise<number> {
    const queue = this.queue(name);
    return ids.filter((id) => queue.retry(id)).length;
  }

  async discard({ name }: FailedQueue, ids: readonly string[]): Promise<number> {
    const queue = this.queue(name);
    return ids.filter((id) => queue.discard(id)).length;
  }

  private queue(name: string): KeptQueue {
    return this.memory.queue(`${this.prefix}:${name}`);
  }
}

function toLimit({ at, id }: FailedPlace): { score: number; id?: string } {
  return { score: at, ...(id !== undefined && { id }) };
}

function* afterPlace(jobs: Iterable<KeptJob>, place: FailedPlace | undefined): Iterable<KeptJob> {
  for (const job of jobs) {
    const isPassed = place && (job.score < place.at || (job.score === place.at && job.id <= (place.id ?? '')));
    if (!isPassed) yield job;
  }
}

function* fitting(jobs: Iterable<KeptJob>, { job: name, until = Infinity }: FailedFilter): Iterable<KeptJob> {
  for (const job of jobs) if (job.score <= until && (name === undefined || job.name === name)) yield job;
}

function take<Item>(
  jobs: Iterable<KeptJob>,
  limit: number,
  toItem: (job: KeptJob) => Item,
  sizeOfJob: (job: KeptJob) => number = () => 0,
): FailedPage<Item> {
  const items: Item[] = [];
  let size = 0;
  let last: KeptJob | undefined;
  for (const job of jobs) {
    const isLarge = size >= PAGE_BYTES;
    if (last && (isLarge || items.length === limit)) return { items, next: { at: last.score, id: last.id }, isLarge };
    items.push(toItem(job));
    size += sizeOfJob(job);
    last = job;
  }
  return { items };
}

function sizeOf({ data, failedReason = '', stacktrace = '' }: KeptJob): number {
  return data.length + failedReason.length + stacktrace.length;
}

function toAgedJob(job: KeptJob): AgedJob {
  const { id, name, opts } = job.toJson();
  return { id, name, opts, failedAt: job.score };
}

/** In seconds. */
function ageOf({ removeOnFail }: AgedJob['opts']): number {
  return typeof removeOnFail === 'object' && 'age' in removeOnFail ? (removeOnFail.age ?? Infinity) : Infinity;
}

function toFailedJob(job: KeptJob): FailedJob {
  const { id, name, data, opts, timestamp, attemptsMade, attemptsStarted, stalledCounter, repeatJobKey } = job.toJson();
  return {
    job: {
      id,
      name,
      data: JSON.parse(data) as unknown,
      opts,
      timestamp,
      attemptsMade: attemptsMade ?? 0,
      attemptsStarted: attemptsStarted ?? 0,
      stalledCounter: stalledCounter ?? 0,
      ...(repeatJobKey !== undefined && { repeatJobKey }),
    },
    failedAt: job.score,
    reason: job.failedReason ?? '',
    stack: lastStack(job.stacktrace),
  };
}
