import { RequestInvalidError } from '../../errors/request-errors.js';
import type { ScheduledJob } from '../../service/schedules/scheduled-job.js';
import type { JobQuery } from '../schemas/job.schema.js';
import { DEFAULT_GROUP, statusCode } from '../schemas/job-fields.js';
import { DEFAULT_LIMIT } from '../schemas/texts.js';

/** Some schedules, newest first. */
export interface SchedulePage {
  readonly items: readonly ScheduledJob[];
  /** Of all that fit. */
  readonly total: number;
  readonly next: string | undefined;
}

type Place = readonly [createdAt: number, id: string];

/** Newest first, by creation: a page stays what it is when others are made or changed meanwhile. */
export function pageOf(all: readonly ScheduledJob[], query: JobQuery): SchedulePage {
  const { limit = DEFAULT_LIMIT, after } = query;
  const fitting = all.filter((schedule) => fits(schedule, query)).toSorted((a, b) => compare(placeOf(a), placeOf(b)));
  const from = after === undefined ? undefined : readCursor(after);
  const rest = from ? fitting.filter((schedule) => compare(placeOf(schedule), from) > 0) : fitting;
  const items = rest.slice(0, limit);
  const last = rest.length > limit ? items.at(-1) : undefined;
  return { items, total: fitting.length, next: last && writeCursor(placeOf(last)) };
}

function fits(schedule: ScheduledJob, { jobName, jobGroup, invokeTarget, status }: JobQuery): boolean {
  const name = schedule.name ?? schedule.job;
  return (
    (jobName === undefined || name.toLowerCase().includes(jobName.toLowerCase())) &&
    (jobGroup === undefined || (schedule.group ?? DEFAULT_GROUP) === jobGroup) &&
    (invokeTarget === undefined || schedule.job === invokeTarget) &&
    (status === undefined || statusCode(schedule.enabled) === status)
  );
}

const placeOf = ({ createdAt, id }: ScheduledJob): Place => [createdAt.getTime(), id];

function compare([timeA, idA]: Place, [timeB, idB]: Place): number {
  return timeB - timeA || (idA < idB ? -1 : idA > idB ? 1 : 0);
}

function writeCursor(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws RequestInvalidError */
function readCursor(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(place) && place.length === 2 && Number.isFinite(place[0]) && typeof place[1] === 'string') {
      const [time, id] = place as [number, string];
      if (writeCursor([time, id]) === cursor) return [time, id];
    }
  } catch {
    // Said below.
  }
  throw new RequestInvalidError([
    { in: 'query', path: ['after'], message: 'Invalid cursor: expected "next" of the page before' },
  ]);
}
