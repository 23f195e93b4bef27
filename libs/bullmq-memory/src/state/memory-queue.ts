import { Deduplication } from './deduplication.js';
import { EventLog } from './event-log.js';
import { JobList } from './job-list.js';
import { LockTable } from './lock-table.js';
import { Children, type MemoryJob, type Place } from './memory-job.js';
import type { MemoryClock } from './clock.js';
import { MinuteMetrics } from './minute-metrics.js';
import { RankedSet } from './ranked-set.js';
import { RateLimiter } from './rate-limiter.js';
import { WakeMarks } from './wake-marks.js';

type ListPlace = 'wait' | 'active';
type SortedPlace = Exclude<Place, ListPlace>;

/** What a queue's event stream keeps unless it is told otherwise. */
const DEFAULT_MAX_EVENTS = 10_000;

/** Delayed jobs' scores: the due time, and 12 bits for the order within a millisecond. */
const DELAY_SCALE = 0x1000;

/** A job scheduler: when it makes its next job, and what that is made of. */
export interface Scheduler {
  next: number;
  /** As BullMQ reads it: texts only. */
  readonly fields: Map<string, string>;
}

/** One queue's state: its jobs, where each one is, and what stands beside them. */
export class MemoryQueue {
  readonly jobs = new Map<string, MemoryJob>();
  readonly lists: Readonly<Record<ListPlace, JobList>> = { wait: new JobList(), active: new JobList() };
  readonly sorted: Readonly<Record<SortedPlace, RankedSet<MemoryJob>>> = {
    prioritized: new RankedSet(),
    delayed: new RankedSet(),
    completed: new RankedSet(),
    failed: new RankedSet(),
    'waiting-children': new RankedSet(),
  };
  readonly meta = new Map<string, string>();
  readonly locks = new LockTable();
  /** Active jobs that have not renewed their lock since the last check. */
  readonly stalled = new Set<string>();
  /** No stalled check before that time. */
  stalledCheckAt = 0;
  readonly deduplication = new Deduplication();
  readonly limiter = new RateLimiter();
  readonly schedulers = new Map<string, Scheduler>();
  readonly metrics = { completed: new MinuteMetrics(), failed: new MinuteMetrics() };
  readonly marks = new WakeMarks();
  readonly events: EventLog;
  ids = 0;
  priorities = 0;

  /** @param key the queue's name with its prefix: `prefix:name`. */
  constructor(
    readonly key: string,
    readonly clock: MemoryClock,
  ) {
    this.events = new EventLog(clock);
  }

  get isPaused(): boolean {
    return this.meta.has('paused');
  }

  get isMaxed(): boolean {
    const max = this.meta.get('concurrency');
    return max !== undefined && this.lists.active.size >= Number(max);
  }

  get isPausedOrMaxed(): boolean {
    return this.isPaused || this.isMaxed;
  }

  /** Whether there are jobs that wait for nothing but a worker. */
  get hasWork(): boolean {
    return this.lists.wait.size + this.sorted.prioritized.size > 0;
  }

  /** When a job is due that waits for its time. */
  dueAt(jobId: string): number | undefined {
    const job = this.jobs.get(jobId);
    return job?.place === 'delayed' ? Math.floor(job.score / DELAY_SCALE) : undefined;
  }

  /** When the next delayed job is due. */
  get nextDue(): number | undefined {
    const { first } = this.sorted.delayed;
    return first && Math.floor(first.score / DELAY_SCALE);
  }

  keyOf(jobId: string): string {
    return `${this.key}:${jobId}`;
  }

  childrenOf(job: MemoryJob): Children {
    return (job.children ??= new Children());
  }

  emit(event: string, jobId: string, ...more: string[]): void {
    this.append(['event', event, 'jobId', jobId, ...more]);
  }

  append(fields: string[]): string {
    const max = this.meta.get('opts.maxLenEvents');
    return this.events.append(fields, max === undefined ? DEFAULT_MAX_EVENTS : Number(max));
  }

  /** Puts a job that is nowhere into a list. */
  push(job: MemoryJob, place: ListPlace, end: 'left' | 'right'): void {
    job.place = place;
    if (end === 'left') this.lists[place].pushLeft(job);
    else this.lists[place].pushRight(job);
  }

  /** Puts a job that is nowhere into a sorted place. */
  rank(job: MemoryJob, place: SortedPlace, score: number): void {
    job.place = place;
    job.score = score;
    this.sorted[place].add(job);
  }

  /** Takes a job out of the place where it is. @returns that place. */
  leave(job: MemoryJob): Place | undefined {
    const { place } = job;
    job.place = undefined;
    if (place === 'wait' || place === 'active') this.lists[place].delete(job);
    else if (place) this.sorted[place].delete(job);
    return place;
  }

  /** To be taken after those that wait, or next. Wakes workers if it may start. */
  wait(job: MemoryJob, end: 'left' | 'right'): void {
    this.push(job, 'wait', end);
    this.wakeUnlessHeld();
  }

  /** To be taken after those of its priority that wait. Wakes workers if it may start. */
  prioritize(job: MemoryJob, priority: number): void {
    this.rank(job, 'prioritized', priority * 2 ** 32 + (++this.priorities % 2 ** 32));
    this.wakeUnlessHeld();
  }

  /** Before those of its priority. Wakes no worker: its own goes on asking. */
  prioritizeFirst(job: MemoryJob, priority: number): void {
    this.rank(job, 'prioritized', priority * 2 ** 32);
  }

  /** By its priority, or to the list: `end` is for the list. */
  enqueue(job: MemoryJob, end: 'left' | 'right'): void {
    if (job.priority > 0) this.prioritize(job, job.priority);
    else this.wait(job, end);
  }

  /** To be taken at `timestamp + delay`, after those that are due in the same millisecond. @returns that time. */
  delay(job: MemoryJob, timestamp: number, delay: number): number {
    const dueAt = delay > 0 ? timestamp + delay : timestamp;
    const lowest = dueAt * DELAY_SCALE;
    const highest = (dueAt + 1) * DELAY_SCALE - 1;
    const last = this.sorted.delayed.lastBelow(highest + 1);
    const score = last && last.score >= lowest ? Math.min(highest, last.score + 1) : lowest;
    this.rank(job, 'delayed', score);
    return dueAt;
  }

  /** As `delay`, with the event and the wake-up. */
  delayAndTell(job: MemoryJob, timestamp: number, delay: number): void {
    const dueAt = this.delay(job, timestamp, delay);
    this.emit('delayed', job.id, 'delay', String(dueAt));
    this.markDue();
  }

  markDue(): void {
    const at = this.nextDue;
    if (at !== undefined) this.marks.markDue(at);
  }

  wakeUnlessHeld(): void {
    if (!this.isPausedOrMaxed) this.marks.markWork();
  }

  /** The queue was held, so that no worker was told of its work. */
  wakeForWork(): void {
    if (this.hasWork) this.wakeUnlessHeld();
  }

  /** Delayed jobs that are due wait from now on. At most a thousand at once. */
  promoteDue(now: number): void {
    const { delayed } = this.sorted;
    const limit = (now + 1) * DELAY_SCALE;
    const { first } = delayed;
    if (!first || first.score >= limit) return;
    for (const job of delayed.slice(0, Math.min(1_000, delayed.countBelow(limit)))) {
      this.leave(job);
      if (job.priority > 0) this.rank(job, 'prioritized', job.priority * 2 ** 32 + (++this.priorities % 2 ** 32));
      else this.push(job, 'wait', 'left');
      this.emit('waiting', job.id, 'prev', 'delayed');
      job.delay = 0;
    }
    this.marks.forgetDue();
    this.wakeUnlessHeld();
  }

  /** Whether it is the job that its scheduler has planned next, which only the scheduler may remove. */
  isPlanned(job: MemoryJob): boolean {
    if (job.repeatJobKey === undefined) return false;
    const scheduler = this.schedulers.get(job.repeatJobKey);
    return scheduler !== undefined && job.id === `repeat:${job.repeatJobKey}:${scheduler.next}`;
  }
}
