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
import { toJobJson, type MemoryJob } from './memory-job.js';
import { reprocessJob } from './move-job.js';
import { removeTree } from './remove-job.js';
import { PAGE_BYTES } from '../ports/history-store.js';
import type { SharedMemory } from './shared-memory.js';

/** Failed jobs in the memory of this process. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly memory: SharedMemory,
    private readonly prefix: string,
  ) {}

  async list(queue: string, filter: FailedFilter, limit: number, before?: FailedPlace): Promise<FailedPage<FailedJob>> {
    return take(fitting(this.failed(queue).descending(before && toLimit(before)), filter), limit, toFailedJob, sizeOf);
  }

  async ids(queue: string, filter: FailedFilter, limit: number, after?: FailedPlace): Promise<FailedPage<string>> {
    return take(fitting(afterPlace(this.failed(queue), after), filter), limit, ({ id }) => id);
  }

  async count(queue: string, filter: FailedFilter): Promise<number> {
    return [...fitting(this.failed(queue), filter)].length;
  }

  async aged(queue: string, now: number, after?: FailedPlace): Promise<FailedPage<AgedJob>> {
    const page = take(afterPlace(this.failed(queue), after), LOOK_AT_MOST, toAgedJob);
    return { ...page, items: page.items.filter(({ opts, failedAt }) => failedAt + ageOf(opts) * 1_000 <= now) };
  }

  async retry({ name }: FailedQueue, ids: readonly string[]): Promise<number> {
    const queue = this.queue(name);
    const how = { lifo: false, resetMade: true, resetStarted: false };
    return ids.filter((id) => reprocessJob(this.memory, queue, id, 'failed', how) === undefined).length;
  }

  async discard({ name }: FailedQueue, ids: readonly string[]): Promise<number> {
    const queue = this.queue(name);
    const jobs = ids.map((id) => queue.jobs.get(id)).filter((job) => job?.place === 'failed') as MemoryJob[];
    const options = { children: false, keepProcessed: false, keepLocked: false };
    for (const job of jobs) removeTree(this.memory, queue, job, undefined, options);
    return jobs.length;
  }

  private queue(name: string) {
    return this.memory.queue(`${this.prefix}:${name}`);
  }

  private failed(name: string) {
    return this.queue(name).sorted.failed;
  }
}

function toLimit({ at, id }: FailedPlace): { score: number; id?: string } {
  return { score: at, ...(id !== undefined && { id }) };
}

function* afterPlace(jobs: Iterable<MemoryJob>, place: FailedPlace | undefined): Iterable<MemoryJob> {
  for (const job of jobs) {
    const isPassed = place && (job.score < place.at || (job.score === place.at && job.id <= (place.id ?? '')));
    if (!isPassed) yield job;
  }
}

function* fitting(jobs: Iterable<MemoryJob>, { job: name, until = Infinity }: FailedFilter): Iterable<MemoryJob> {
  for (const job of jobs) if (job.score <= until && (name === undefined || job.name === name)) yield job;
}

function take<Item>(
  jobs: Iterable<MemoryJob>,
  limit: number,
  toItem: (job: MemoryJob) => Item,
  sizeOfJob: (job: MemoryJob) => number = () => 0,
): FailedPage<Item> {
  const items: Item[] = [];
  let size = 0;
  let last: MemoryJob | undefined;
  for (const job of jobs) {
    const isLarge = size >= PAGE_BYTES;
    if (last && (isLarge || items.length === limit)) return { items, next: { at: last.score, id: last.id }, isLarge };
    items.push(toItem(job));
    size += sizeOfJob(job);
    last = job;
  }
  return { items };
}

function sizeOf({ data, failedReason = '', stacktrace = '' }: MemoryJob): number {
  return data.length + failedReason.length + stacktrace.length;
}

function toAgedJob(job: MemoryJob): AgedJob {
  const { id, name, opts } = toJobJson(job);
  return { id, name, opts, failedAt: job.score };
}

/** In seconds. */
function ageOf({ removeOnFail }: AgedJob['opts']): number {
  return typeof removeOnFail === 'object' && 'age' in removeOnFail ? (removeOnFail.age ?? Infinity) : Infinity;
}

function toFailedJob(job: MemoryJob): FailedJob {
  const { id, name, data, opts, timestamp, attemptsMade, attemptsStarted, stalledCounter, repeatJobKey } =
    toJobJson(job);
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
