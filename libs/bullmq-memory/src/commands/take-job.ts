import type { JobJson } from 'bullmq';
import { NO_LOCK } from '../state/lock-table.js';
import type { MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';

/** Who takes jobs, and under which limit. */
export interface Taker {
  readonly token: string;
  /** Stands on the jobs that it takes. */
  readonly name: string | undefined;
  /** Milliseconds. */
  readonly lockDuration: number;
  readonly limiter: { readonly max: number; readonly duration: number } | undefined;
}

/** BullMQ's answer: the job and its id, or for how many milliseconds a limit holds, and when the next one is due. */
export type NextJobAnswer = [job: JobJson | null, id: string | number, limitedFor: number, dueAt: number];

/** Takes the next job that may start. Undefined: there is nothing, and nothing is planned. */
export function takeJob(queue: MemoryQueue, taker: Taker): NextJobAnswer | undefined {
  const now = queue.clock.now();
  // Before delayed jobs are promoted, as BullMQ does.
  const isHeld = queue.isPausedOrMaxed;
  queue.promoteDue(now);
  const max = Number(queue.meta.get('max') ?? taker.limiter?.max ?? 0);
  const limitedFor = queue.limiter.waitFor(max, now);
  if (limitedFor > 0) return [null, 0, limitedFor, 0];
  if (isHeld) return [null, 0, 0, 0];
  const job = queue.lists.wait.last ?? queue.sorted.prioritized.first;
  if (job) return [start(queue, job, taker, max, now), job.id, 0, 0];
  queue.priorities = 0;
  const dueAt = queue.nextDue;
  return dueAt === undefined ? undefined : [null, 0, 0, dueAt];
}

function start(queue: MemoryQueue, job: MemoryJob, taker: Taker, max: number, now: number): JobJson {
  queue.leave(job);
  queue.push(job, 'active', 'left');
  // A job that fails before it starts does not count.
  if (max && job.deferredFailure === undefined) {
    queue.limiter.start(now, Number(taker.limiter?.duration ?? queue.meta.get('duration') ?? 0));
  }
  if (taker.token !== NO_LOCK) queue.locks.take(job.id, taker.token, now, taker.lockDuration);
  queue.emit('active', job.id, 'prev', 'waiting');
  job.processedOn = now;
  if (taker.name) job.processedBy = taker.name;
  job.attemptsStarted++;
  return job.toJson();
}
