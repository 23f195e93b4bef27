import { CorruptRecordError, storableAge, storableCount } from '../../codecs/execution-codec.js';
import { finishStats } from '../../codecs/finish-stats.js';
import type { AttemptRecord, ExecutionHead, ExecutionWrite, StepRecord } from '../../ports/execution-record.js';

/**
 * All of an execution that completed at its first attempt, as one short text. Most executions do, so it is put together by
 * hand: `JSON.stringify` and MessagePack of the usual records take a tenth of all the time of a short job.
 */

/** What few executions have, or what users gave. */
interface More extends Pick<ExecutionHead, 'payload' | 'result' | 'scheduleId' | 'scheduledFor' | 'metadata'> {
  readonly unfinished?: AttemptRecord['unfinished'];
  readonly step?: StepRecord;
}

type CompactRecord = [
  fence: number,
  job: string,
  queue: string,
  trigger: ExecutionHead['trigger'],
  createdAt: number,
  maxAttempts: number,
  startedAt: number,
  completedAt: number,
  attempt: number,
  workerId: string,
  more: More,
];

/** Texts that do not change from one execution of a job to the next. */
interface JobTexts {
  readonly queue: string;
  readonly workerId: string;
  readonly count: number;
  readonly age: number;
  readonly scheduleId: string | undefined;
  /** Of the record. */
  readonly names: string;
  readonly worker: string;
  /** Of the entry. */
  readonly common: string;
}

/** Jobs whose texts are kept. */
const MOST_JOBS = 1_000;

/** Writes records and entries, and keeps what they have in common. */
export class CompactRecords {
  private readonly texts = new Map<string, JobTexts>();

  /** JSON, an array; see `CompactRecord`. */
  record({ job, queue, fence, head, attempt, step, keep }: AttemptedWrite): string {
    const { names, worker } = this.textsOf(job, queue, attempt.workerId, keep, head.scheduleId);
    const { payload, result, scheduleId, scheduledFor, metadata } = head;
    const more = { payload, result, scheduleId, scheduledFor, metadata, unfinished: attempt.unfinished, step };
    return `[${fence},${names},"${head.trigger}",${head.createdAt},${head.maxAttempts},${attempt.startedAt},${attempt.finishedAt},${attempt.attempt},${worker},${JSON.stringify(more)}]`;
  }

  /**
   * What `read-pending.lua` reads: end time, duration, its bucket, fence, `common`, record and id, with tabs between them. JSON holds
   * none, and the id comes last.
   */
  entry(write: AttemptedWrite, record: string): string {
    const { id, job, queue, fence, head, attempt, keep } = write;
    const { common } = this.textsOf(job, queue, attempt.workerId, keep, head.scheduleId);
    const { at, duration, bucket } = finishStats(write);
    return `${at}\t${duration}\t${bucket}\t${fence}\t${common}\t${record}\t${id}`;
  }

  private textsOf(
    job: string,
    queue: string,
    workerId: string,
    { count, age }: ExecutionWrite['keep'],
    scheduleId: string | undefined,
  ): JobTexts {
    const known = this.texts.get(job);
    if (
      known?.queue === queue &&
      known.workerId === workerId &&
      known.count === count &&
      known.age === age &&
      known.scheduleId === scheduleId
    )
      return known;
    if (this.texts.size >= MOST_JOBS) this.texts.clear();
    const made: JobTexts = {
      queue,
      workerId,
      count,
      age,
      scheduleId,
      names: `${JSON.stringify(job)},${JSON.stringify(queue)}`,
      worker: JSON.stringify(workerId),
      common: JSON.stringify([job, queue, storableCount(count), storableAge(age), scheduleId ?? '']),
    };
    this.texts.set(job, made);
    return made;
  }
}

/** The write of an execution that completed, with the attempt that did. */
export type AttemptedWrite = ExecutionWrite & { readonly attempt: AttemptRecord };

/** @throws CorruptRecordError */
export function fromCompactRecord(
  parts: readonly unknown[],
): Pick<ExecutionWrite, 'job' | 'queue' | 'fence' | 'head' | 'step'> & { readonly attempt: AttemptRecord } {
  if (parts.length !== 11) throw new CorruptRecordError('it has another number of parts');
  const [fence, job, queue, trigger, createdAt, maxAttempts, startedAt, completedAt, number, workerId, more] =
    parts as CompactRecord;
  const { unfinished, step, ...given } = more;
  return {
    job,
    queue,
    fence,
    head: { trigger, createdAt, maxAttempts, startedAt, completedAt, ...given },
    attempt: { attempt: number, startedAt, finishedAt: completedAt, workerId, ...(unfinished && { unfinished }) },
    ...(step && { step }),
  };
}
