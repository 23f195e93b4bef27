import type { JobJson, JobsOptions, ParentKeys } from 'bullmq';
import type { Children } from './children.js';

/** Where a job is. A job is in one place at a time. */
export type Place = 'wait' | 'active' | 'prioritized' | 'delayed' | 'completed' | 'failed' | 'waiting-children';

/**
 * A job as it is stored. What users gave is kept as text, so that nothing they change later changes it.
 * `undefined` is what Redis would not store.
 */
export class MemoryJob {
  place: Place | undefined;
  /** Order in the sorted places; see `RankedSet`. */
  score = 0;
  /** Neighbours in the places that are lists; see `JobList`. */
  before: MemoryJob | undefined;
  after: MemoryJob | undefined;

  attemptsMade = 0;
  attemptsStarted = 0;
  stalledCounter = 0;
  progress: string | undefined;
  processedOn: number | undefined;
  processedBy: string | undefined;
  finishedOn: number | undefined;
  returnvalue: string | undefined;
  failedReason: string | undefined;
  deferredFailure: string | undefined;
  stacktrace: string | undefined;
  logs: string[] | undefined;
  children: Children | undefined;
  /** A child that already belongs to another parent could not become this one's: it is not released with its flow. */
  attachmentFailed = false;

  constructor(
    readonly id: string,
    readonly name: string,
    public data: string,
    readonly opts: string,
    readonly timestamp: number,
    public delay: number,
    public priority: number,
    public parentKey: string | undefined,
    /** `ParentKeys` as JSON. */
    public parent: string | undefined,
    /** Id of the scheduler that made it. */
    readonly repeatJobKey: string | undefined,
    readonly deduplicationId: string | undefined,
  ) {}
}

/** What BullMQ reads. All objects in it are new. */
export function toJobJson(job: MemoryJob): JobJson {
  const json: Partial<JobJson> = {
    id: job.id,
    name: job.name,
    data: job.data || '{}',
    opts: JSON.parse(job.opts) as JobsOptions,
    progress: job.progress === undefined ? 0 : (JSON.parse(job.progress) as JobJson['progress']),
    delay: Math.trunc(job.delay),
    priority: job.priority,
    timestamp: Math.trunc(job.timestamp),
    attemptsStarted: job.attemptsStarted,
    attemptsMade: job.attemptsMade,
    stalledCounter: job.stalledCounter,
    finishedOn: job.finishedOn,
    processedOn: job.processedOn,
    repeatJobKey: job.repeatJobKey,
    debounceId: job.deduplicationId,
    deduplicationId: job.deduplicationId,
    failedReason: job.failedReason,
    deferredFailure: job.deferredFailure,
    stacktrace: job.stacktrace,
    returnvalue: job.returnvalue,
    parentKey: job.parentKey,
    parent: parentOf(job),
    processedBy: job.processedBy,
  };
  return json as JobJson;
}

export function parentOf(job: MemoryJob): ParentKeys | undefined {
  return job.parent === undefined ? undefined : (JSON.parse(job.parent) as ParentKeys);
}
