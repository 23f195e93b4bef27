import type { JobStatus } from '../../definition/job-status.js';
import { optionsProblem } from '../../common/options-problem.js';
import { inspectShort } from '../../common/inspect-short.js';
import { UNSTORABLE_RULE } from '../../common/storable-text.js';
import { HistoryQueryError } from '../../errors/history-errors.js';
import { MOST_LOGS_READ } from '../../store/ports/log-store.js';
import { canBeKnown } from '../../jobs/execution-id.js';

/** Which executions to list. */
export interface ExecutionQuery {
  /** How many at most: 1 to 200, 20 by default. */
  readonly limit?: number;
  /** Only older ones: a time before which they ended, or the `next` of a page. */
  readonly before?: Date | string;
  /**
   * `completed`, `failed`, `skipped` or `cancelled`: those of the history, newest end first. `running`, `pending` or
   * `retrying`: those in their queues, newest first; of each queue the newest 1,000 are looked at. Default: all that have
   * ended.
   */
  readonly status?: JobStatus;
  /** Only those that this schedule made. */
  readonly scheduleId?: string;
}

/** A query with its defaults. */
export interface CheckedQuery {
  readonly limit: number;
  /** Milliseconds since the epoch, or a cursor. */
  readonly before: number | string | undefined;
  readonly status: JobStatus | undefined;
  readonly scheduleId: string | undefined;
}

/** Which log lines to read. */
export interface LogQuery {
  /** Only lines with a greater `seq`. Default: from the first on. */
  readonly after?: number;
  /** Default and most: 1,000. */
  readonly limit?: number;
}

const QUERY = ['limit', 'before', 'status', 'scheduleId'];
const LOG_QUERY = ['after', 'limit'];
const LIMIT = 20;
const MOST = 200;

const STATUSES: readonly JobStatus[] = [
  'pending',
  'running',
  'retrying',
  'completed',
  'failed',
  'skipped',
  'cancelled',
];

/** @param alsoKnown names beside those of a query. @throws HistoryQueryError */
export function checkExecutionQuery(query: ExecutionQuery, alsoKnown: readonly string[] = []): CheckedQuery {
  checkQueryFields(query, [...QUERY, ...alsoKnown]);
  const { limit = LIMIT, before, status, scheduleId } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    refuse('limit', limit, `a limit is a whole number from 1 to ${MOST}`);
  if (status !== undefined && !STATUSES.includes(status))
    refuse('status', status, `a status is one of ${STATUSES.join(', ')}`);
  if (scheduleId !== undefined && !canBeKnown(scheduleId))
    refuse('scheduleId', scheduleId, `the id of a schedule is a text ${UNSTORABLE_RULE}`);
  return { limit, before: checkBefore(before), status, scheduleId };
}

/** @throws HistoryQueryError */
export function checkLogQuery(query: LogQuery): LogQuery {
  checkQueryFields(query, LOG_QUERY);
  const { after, limit } = query;
  if (after !== undefined && !(Number.isInteger(after) && after >= 0))
    refuse('after', after, 'it is the seq of a line: a whole number of at least 0');
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MOST_LOGS_READ))
    refuse('limit', limit, `a limit is a whole number from 1 to ${MOST_LOGS_READ}`);
  return query;
}

/** @throws HistoryQueryError */
export function checkQueryFields(query: unknown, known: readonly string[]): void {
  const found = optionsProblem(query, known);
  if (found) throw new HistoryQueryError(found.name ?? 'query', query, `History query: ${found.problem}`);
}

function checkBefore(before: unknown): number | string | undefined {
  if (before === undefined || typeof before === 'string') return before;
  if (before instanceof Date && !Number.isNaN(before.getTime())) return before.getTime();
  return refuse('before', before, 'it is a valid Date, or the "next" of a page');
}

function refuse(field: string, value: unknown, allowed: string): never {
  throw new HistoryQueryError(field, value, `History query "${field}" is ${inspectShort(value)}; ${allowed}.`);
}
