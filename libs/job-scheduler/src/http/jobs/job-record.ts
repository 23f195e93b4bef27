import { isDeepStrictEqual } from 'node:util';
import type { Overlap } from '../../definition/job-options.js';
import { RequestInvalidError } from '../../errors/request-errors.js';
import type { JobSummary } from '../../service/job-summary.js';
import type { NewSchedule, ScheduleChange } from '../../service/schedules/schedule-input.js';
import type { ScheduledJob } from '../../service/schedules/scheduled-job.js';
import { concurrentCode, DEFAULT_GROUP, MISFIRE_BY_CODE, MISFIRE_CODES, statusCode } from '../schemas/job-fields.js';
import { WRITTEN_FIELDS, type Job, type JobChange, type ListedJob, type NewJob } from '../schemas/job.schema.js';

/** Between schedules, as `ScheduleService` has them, and jobs, as the wire has them. */

/** @param target what its schedule leaves to it; undefined: not registered in this process. */
export function toJob(schedule: ScheduledJob, target: JobSummary | undefined): Job {
  const overlap = schedule.overlap ?? target?.overlap ?? 'allow';
  return {
    id: schedule.id,
    jobName: schedule.name ?? schedule.job,
    jobGroup: schedule.group ?? DEFAULT_GROUP,
    invokeTarget: schedule.job,
    invokeParams: schedule.payload ?? null,
    cronExpression: schedule.schedule,
    timezone: schedule.timezone,
    status: statusCode(schedule.enabled),
    misfirePolicy: MISFIRE_CODES[schedule.misfire ?? target?.misfire ?? 'skip'],
    concurrent: concurrentCode(overlap),
    overlap,
    remark: schedule.remark ?? '',
    source: schedule.source,
    version: schedule.version,
    createdAt: schedule.createdAt.toISOString(),
    updatedAt: schedule.updatedAt.toISOString(),
  };
}

export function toListedJob(schedule: ScheduledJob, target: JobSummary | undefined): ListedJob {
  return {
    ...toJob(schedule, target),
    description: schedule.description,
    next: schedule.next?.toISOString() ?? null,
    previous: schedule.previous?.toISOString() ?? null,
  };
}

export function toNewSchedule(job: NewJob): NewSchedule<string> {
  const overlap = job.overlap ?? (job.concurrent && overlapOf(job.concurrent, undefined));
  return {
    ...(job.id !== undefined && { id: job.id }),
    name: job.jobName,
    ...(job.jobGroup !== undefined && { group: job.jobGroup }),
    job: job.invokeTarget,
    ...(given(job.invokeParams) && { payload: job.invokeParams }),
    schedule: job.cronExpression,
    ...(job.timezone !== undefined && { timezone: job.timezone }),
    enabled: job.status !== '1',
    ...(job.misfirePolicy && { misfire: MISFIRE_BY_CODE[job.misfirePolicy] }),
    ...(overlap && { overlap }),
    ...(job.remark && { description: job.remark }),
  };
}

/**
 * What differs from the job as it is. So that a client may send back all that it has read: what it leaves alone is not
 * written, and goes on to follow the registered job where it did.
 */
export function changedFields(change: JobChange, job: Job): JobChange {
  const entries = WRITTEN_FIELDS.filter(
    (field) => change[field] !== undefined && !isDeepStrictEqual(normal(change, field), normal(job, field)),
  ).map((field) => [field, change[field]] as const);
  return Object.fromEntries(entries);
}

/** @param changed fields that differ from `job`. @throws RequestInvalidError */
export function toScheduleChange(changed: JobChange, job: Job): ScheduleChange {
  const overlap = changedOverlap(changed, job);
  return {
    ...(changed.jobName !== undefined && { name: changed.jobName }),
    ...(changed.jobGroup !== undefined && { group: changed.jobGroup }),
    ...(changed.invokeTarget !== undefined && { job: changed.invokeTarget }),
    ...('invokeParams' in changed && { payload: changed.invokeParams }),
    ...(changed.cronExpression !== undefined && { schedule: changed.cronExpression }),
    ...(changed.timezone !== undefined && { timezone: changed.timezone }),
    ...(changed.status !== undefined && { enabled: changed.status === '0' }),
    ...(changed.misfirePolicy && { misfire: MISFIRE_BY_CODE[changed.misfirePolicy] }),
    ...(overlap && { overlap }),
    ...(changed.remark !== undefined && { description: changed.remark || null }),
  };
}

/** One of both may have been sent back as it was: then the other one counts. */
function changedOverlap({ concurrent, overlap }: JobChange, job: Job): Overlap | undefined {
  if (overlap && concurrent && concurrentCode(overlap) !== concurrent)
    throw new RequestInvalidError([
      {
        in: 'body',
        path: ['overlap'],
        message: 'Invalid option: "overlap" and "concurrent" say different things; change one of them',
      },
    ]);
  return overlap ?? (concurrent && overlapOf(concurrent, job.overlap));
}

function overlapOf(concurrent: '0' | '1', before: Overlap | undefined): Overlap {
  if (concurrent === '0') return 'allow';
  return before === undefined || before === 'allow' ? 'skip' : before;
}

const given = (params: unknown) => params !== undefined && params !== null;

function normal(job: JobChange | Job, field: (typeof WRITTEN_FIELDS)[number]): unknown {
  return field === 'remark' ? (job.remark ?? '') : job[field];
}
