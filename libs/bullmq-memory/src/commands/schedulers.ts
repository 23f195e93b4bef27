import { ErrorCode, type JobsOptions, type RepeatableOptions } from 'bullmq';
import type { MemoryQueue, Scheduler } from '../state/memory-queue.js';
import { dropJob } from './remove-job.js';
import type { SharedMemory } from '../state/shared-memory.js';
import { optionsText, placeJob, storeJob } from './store-job.js';

/** A scheduler as it is registered. */
export interface NewScheduler {
  readonly id: string;
  /** When BullMQ wants its first job, in milliseconds since the epoch. Schedulers with `every` find out themselves. */
  readonly next: number;
  /** JSON. */
  readonly data: string;
  readonly templateOpts: JobsOptions;
  readonly repeat: RepeatableOptions;
  readonly jobOpts: JobsOptions;
}

/** How far a job may be put off when the times before it are taken. */
const MOST_SLOTS = 32;

const FIELDS = ['tz', 'limit', 'pattern', 'startDate', 'endDate', 'every'] as const;

/**
 * Registers a scheduler, or changes it, and adds its next job in place of the one that it has planned.
 * @returns the job's id and its delay, or a code.
 */
export function upsertScheduler(
  memory: SharedMemory,
  queue: MemoryQueue,
  scheduler: NewScheduler,
): [string, number] | ErrorCode {
  const { id, repeat, jobOpts } = scheduler;
  const now = queue.clock.now();
  const { every } = repeat;
  const previous = queue.schedulers.get(id);
  let { next } = scheduler;
  let offset = repeat.offset ?? offsetOf(jobOpts);
  const isNewEvery = previous !== undefined && Number(previous.fields.get('every')) !== every;
  if (every) {
    const plan = nextEvery(isNewEvery ? undefined : previous?.next, every, now, offset, repeat.startDate);
    next = plan.next;
    offset = plan.offset;
  }

  const wasPlanned = previous !== undefined && removePlanned(memory, queue, id, previous.next);
  let storedOffset: number | undefined = repeat.offset ?? undefined;
  if (!wasPlanned) storedOffset = offset;
  else if (every && !isNewEvery) next = previous.next;

  const isTaken = (at: number) => queue.jobs.has(jobIdOf(id, at));
  if (isTaken(next)) {
    if (!every) {
      if (!wasPlanned) return ErrorCode.SchedulerJobIdCollision;
    } else {
      let slots = 0;
      do next += every;
      while (isTaken(next) && ++slots < MOST_SLOTS);
      if (isTaken(next)) return ErrorCode.SchedulerJobSlotsBusy;
    }
  }

  const delay = Math.max(0, next - now);
  storeScheduler(queue, scheduler, next, storedOffset);
  queue.ids++;
  addPlanned(queue, id, next, delay, repeat.name ?? '', scheduler.data, jobOpts);
  return [jobIdOf(id, next), delay];
}

/**
 * The planned job of a scheduler has been taken: plans the next one. Nothing happens when another one was planned
 * meanwhile.
 * @returns the new job's id.
 */
export function planNext(
  queue: MemoryQueue,
  id: string,
  wantedNext: number,
  jobOpts: JobsOptions,
  producerId: string | undefined,
): string | undefined {
  const scheduler = queue.schedulers.get(id);
  if (!scheduler) return undefined;
  const { fields } = scheduler;
  const now = queue.clock.now();
  let next = wantedNext;
  const every = Number(fields.get('every') ?? 0) || (repeatOf(jobOpts)?.every ?? 0);
  if (every) {
    const offset = Number(fields.get('offset') ?? offsetOf(jobOpts));
    next = nextEvery(scheduler.next, every, now, offset, Number(fields.get('startDate') ?? 0) || undefined).next;
  }
  if (producerId !== jobIdOf(id, scheduler.next)) return undefined;
  const jobId = jobIdOf(id, next);
  if (queue.jobs.has(jobId)) {
    queue.emit('duplicated', jobId);
    return undefined;
  }
  scheduler.next = next;
  fields.set('ic', String(Number(fields.get('ic') ?? 0) + 1));
  queue.ids++;
  addPlanned(queue, id, next, Math.max(0, next - now), fields.get('name') ?? '', fields.get('data') ?? '{}', jobOpts);
  return jobId;
}

/** Removes a scheduler, and the delayed job that it has planned. @returns whether there was one. */
export function removeScheduler(queue: MemoryQueue, id: string): boolean {
  const scheduler = queue.schedulers.get(id);
  if (!scheduler) return false;
  queue.schedulers.delete(id);
  const planned = queue.jobs.get(jobIdOf(id, scheduler.next));
  if (planned?.place === 'delayed') {
    queue.leave(planned);
    queue.jobs.delete(planned.id);
    queue.emit('removed', planned.id, 'prev', 'delayed');
  }
  return true;
}

/** By the time of their next job, as Redis sorts. */
export function sortedSchedulers(queue: MemoryQueue): [id: string, scheduler: Scheduler][] {
  return [...queue.schedulers].toSorted(([a, left], [b, right]) => left.next - right.next || (a < b ? -1 : 1));
}

const jobIdOf = (id: string, at: number): string => `repeat:${id}:${at}`;

function offsetOf(opts: JobsOptions): number {
  return repeatOf(opts)?.offset ?? 0;
}

/** BullMQ puts it into the options of the jobs that schedulers make. */
function repeatOf(opts: JobsOptions): { every?: number; offset?: number | null } | undefined {
  return (opts as { repeat?: { every?: number; offset?: number | null } }).repeat;
}

/** The next time of a period: on its grid, and not in the past. */
function nextEvery(
  previous: number | undefined,
  every: number,
  now: number,
  offset: number,
  startDate: number | undefined,
): { next: number; offset: number } {
  let next: number;
  const slot = Math.floor(now / every) * every + offset;
  const following = slot <= now ? slot + every : slot;
  if (previous !== undefined) {
    next = previous + every;
    if (next < now) next = following;
  } else if (startDate) {
    next = Math.max(startDate, now);
  } else {
    next = offset > 0 ? following : now;
  }
  return {
    next: Math.floor(next),
    offset: Math.floor(offset === 0 ? next - Math.floor(next / every) * every : offset),
  };
}

function removePlanned(memory: SharedMemory, queue: MemoryQueue, id: string, at: number): boolean {
  const job = queue.jobs.get(jobIdOf(id, at));
  const isWaiting = job?.place === 'delayed' || job?.place === 'prioritized' || job?.place === 'wait';
  // BullMQ looks for it where paused queues kept their jobs in older versions.
  if (!isWaiting || (job.place === 'wait' && queue.isPaused)) return false;
  dropJob(memory, queue, job, { hard: true, deduplication: true });
  return true;
}

function storeScheduler(
  queue: MemoryQueue,
  { id, repeat, templateOpts, data }: NewScheduler,
  next: number,
  newOffset: number | undefined,
): void {
  const old = queue.schedulers.get(id)?.fields;
  const fields = new Map<string, string>([['name', repeat.name ?? '']]);
  for (const field of FIELDS) {
    const value = repeat[field];
    if (value !== undefined && value !== null) fields.set(field, String(value));
  }
  const offset = newOffset === undefined ? old?.get('offset') : String(newOffset);
  if (offset !== undefined) fields.set('offset', offset);
  const opts = optionsText(templateOpts);
  if (opts !== '{}') fields.set('opts', opts);
  if (data && data !== '{}') fields.set('data', data);
  fields.set('ic', old?.get('ic') ?? '1');
  queue.schedulers.set(id, { next, fields });
}

function addPlanned(
  queue: MemoryQueue,
  id: string,
  at: number,
  delay: number,
  name: string,
  data: string,
  jobOpts: JobsOptions,
): void {
  const jobId = jobIdOf(id, at);
  const opts = { ...jobOpts, delay, jobId };
  const job = storeJob(queue, { id: jobId, name, data, opts, timestamp: queue.clock.now(), repeatJobKey: id });
  placeJob(queue, job, opts.lifo);
}
