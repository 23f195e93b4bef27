import { ErrorCode, type DependenciesOpts, type JobJson, type JobState, type JobType } from 'bullmq';
import { BackendLink } from './backend-link.js';
import {
  countOf,
  countOfChildren,
  countOfPriority,
  dependenciesOf,
  idsOf,
  logRowsOf,
  pageOfChildren,
  type ChildrenPage,
  type Dependencies,
} from './queries.js';
import { sortedSchedulers } from '../commands/schedulers.js';
import { bounds } from '../state/job-list.js';

/** BullMQ's reading commands. */
export abstract class BackendReads extends BackendLink {
  async getState(jobId: string): Promise<JobState | 'unknown'> {
    const place = this.queue.jobs.get(jobId)?.place;
    return place === 'wait' ? 'waiting' : (place ?? 'unknown');
  }

  async isJobInState(state: string, jobId: string): Promise<boolean> {
    const known = ['waiting', 'wait', 'paused', 'active', ...Object.keys(this.queue.sorted)];
    if (!known.includes(state)) throw new Error(`Unknown job state: ${state}`);
    return this.queue.jobs.get(jobId)?.place === (state === 'waiting' ? 'wait' : state);
  }

  async isFinished(jobId: string, returnValue = false): Promise<number | [number, string]> {
    const job = this.queue.jobs.get(jobId);
    if (!job) {
      const code = ErrorCode.JobNotExist as number;
      return returnValue ? [code, `Missing key for job ${this.toKey(jobId)}. isFinished`] : code;
    }
    const code = job.place === 'completed' ? 1 : job.place === 'failed' ? 2 : 0;
    if (!returnValue) return code;
    if (code === 0) return [0] as unknown as [number, string];
    return [code, (code === 1 ? job.returnvalue : job.failedReason) ?? ''];
  }

  async isMaxed(): Promise<boolean> {
    return this.queue.isMaxed;
  }

  async getJobData(jobId: string): Promise<JobJson | undefined> {
    return this.queue.jobs.get(jobId)?.toJson();
  }

  async getDeduplicationJobId(deduplicationId: string): Promise<string | null> {
    return this.queue.deduplication.holder(deduplicationId, this.queue.clock.now()) ?? null;
  }

  async getJobLogs(
    jobId: string,
    start: number,
    end: number,
    asc: boolean,
  ): Promise<{ logs: string[]; count: number }> {
    const job = this.queue.jobs.get(jobId);
    return { logs: logRowsOf(job, start, end, asc), count: job?.logs?.length ?? 0 };
  }

  async getRateLimitTtl(maxJobs?: number): Promise<number> {
    const { limiter, meta, clock } = this.queue;
    const max = maxJobs || Number(meta.get('max') ?? 0);
    return max ? limiter.waitFor(max, clock.now()) : limiter.ttl(clock.now());
  }

  async getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    return types.map((type) => countOf(this.queue, type, delayedTimestamp));
  }

  async getCountsPerPriority(priorities: number[]): Promise<number[]> {
    return priorities.map((priority) => countOfPriority(this.queue, priority));
  }

  async getRanges(types: JobType[], start = 0, end = 1, asc = false): Promise<[string][]> {
    return types.map((type) => idsOf(this.queue, type, start, end, asc) as [string]);
  }

  async getDependencyCounts(jobId: string, types: string[]): Promise<number[]> {
    const children = this.queue.jobs.get(jobId)?.children;
    return types.map((type) => countOfChildren(children, type));
  }

  async getDependencies(jobId: string, opts: DependenciesOpts = {}): Promise<Dependencies> {
    return dependenciesOf(this.queue.jobs.get(jobId)?.children, opts);
  }

  async getProcessedChildrenValues(jobId: string): Promise<Record<string, string>> {
    return Object.fromEntries(this.queue.jobs.get(jobId)?.children?.processed ?? []);
  }

  async getIgnoredChildrenFailures(jobId: string): Promise<Record<string, string>> {
    return Object.fromEntries(this.queue.jobs.get(jobId)?.children?.ignored ?? []);
  }

  async paginate(key: string, opts: { start: number; end: number; fetchJobs?: boolean }): Promise<ChildrenPage> {
    return pageOfChildren(this.memory, this.queue, key, opts);
  }

  async getMetrics(type: 'completed' | 'failed', start = 0, end = -1): Promise<[string[], string[], number]> {
    return this.queue.metrics[type].read(start, end);
  }

  async getQueueMetaField(field: string): Promise<string | null> {
    return this.queue.meta.get(field) ?? null;
  }

  async getQueueMetaFields(fields: string[]): Promise<(string | null)[]> {
    return fields.map((field) => this.queue.meta.get(field) ?? null);
  }

  async getQueueMeta(): Promise<Record<string, string>> {
    return Object.fromEntries(this.queue.meta);
  }

  async hasQueueMetaField(field: string): Promise<boolean> {
    return this.queue.meta.has(field);
  }

  async isJobScheduler(id: string): Promise<boolean> {
    return this.queue.schedulers.has(id);
  }

  async getJobScheduler(id: string): Promise<[unknown, string | null]> {
    const scheduler = this.queue.schedulers.get(id);
    return scheduler ? [[...scheduler.fields].flat(), String(scheduler.next)] : [null, null];
  }

  async getJobSchedulerData(key: string): Promise<Record<string, string>> {
    return Object.fromEntries(this.queue.schedulers.get(key)?.fields ?? []);
  }

  async getJobSchedulersRange(start: number, end: number, asc: boolean): Promise<string[]> {
    const sorted = sortedSchedulers(this.queue);
    if (!asc) sorted.reverse();
    const [first, last] = bounds(start, end, sorted.length);
    return sorted.slice(first, Math.max(first, last + 1)).flatMap(([id, { next }]) => [id, String(next)]);
  }

  async getJobSchedulersCount(): Promise<number> {
    return this.queue.schedulers.size;
  }
}
