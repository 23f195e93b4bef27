import type { JobJson, JobsOptions, ParentKeys } from 'bullmq';

/** Where a job is. A job is in one place at a time. */
export type Place = 'wait' | 'active' | 'prioritized' | 'delayed' | 'completed' | 'failed' | 'waiting-children';

/** The children of a flow's job, by what has become of them. Keys are `prefix:queue:id`. */
export class Children {
  /** Not finished. */
  readonly pending = new Set<string>();
  /** Completed, with what they returned as JSON. */
  readonly processed = new Map<string, string>();
  /** Failed, and the parent goes on without them: with the reason. */
  readonly ignored = new Map<string, string>();
  /** Failed, and so fail the parent: with the time. */
  readonly failed = new Map<string, number>();

  /** By time of failure, as Redis sorts. */
  failedKeys(): string[] {
    return [...this.failed].toSorted(([a, at], [b, bt]) => at - bt || (a < b ? -1 : 1)).map(([key]) => key);
  }
}

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

  /** What BullMQ reads. All objects in it are new. */
  toJson(): JobJson {
    const json: Partial<JobJson> = {
      id: this.id,
      name: this.name,
      data: this.data || '{}',
      opts: JSON.parse(this.opts) as JobsOptions,
      progress: this.progress === undefined ? 0 : (JSON.parse(this.progress) as JobJson['progress']),
      delay: Math.trunc(this.delay),
      priority: this.priority,
      timestamp: Math.trunc(this.timestamp),
      attemptsStarted: this.attemptsStarted,
      attemptsMade: this.attemptsMade,
      stalledCounter: this.stalledCounter,
      finishedOn: this.finishedOn,
      processedOn: this.processedOn,
      repeatJobKey: this.repeatJobKey,
      debounceId: this.deduplicationId,
      deduplicationId: this.deduplicationId,
      failedReason: this.failedReason,
      deferredFailure: this.deferredFailure,
      stacktrace: this.stacktrace,
      returnvalue: this.returnvalue,
      parentKey: this.parentKey,
      parent: parentOf(this),
      processedBy: this.processedBy,
    };
    return json as JobJson;
  }
}

export function parentOf(job: MemoryJob): ParentKeys | undefined {
  return job.parent === undefined ? undefined : (JSON.parse(job.parent) as ParentKeys);
}
