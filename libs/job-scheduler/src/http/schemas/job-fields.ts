import type { Misfire, Overlap } from '../../definition/job-options.js';

/** The codes and names of the wire format, and ours. */

export const DEFAULT_GROUP = 'DEFAULT';

export const MISFIRE_CODES: Readonly<Record<Misfire, '1' | '2' | '3'>> = { all: '1', once: '2', skip: '3' };

export const MISFIRE_BY_CODE: Readonly<Record<'1' | '2' | '3', Misfire>> = { '1': 'all', '2': 'once', '3': 'skip' };

export const statusCode = (enabled: boolean) => (enabled ? '0' : '1');

export const concurrentCode = (overlap: Overlap) => (overlap === 'allow' ? '0' : '1');

/** The fields of `ScheduleService`, by those of the wire. */
const FIELDS: Readonly<Record<string, string>> = {
  job: 'invokeTarget',
  payload: 'invokeParams',
  schedule: 'cronExpression',
  enabled: 'status',
  misfire: 'misfirePolicy',
  description: 'remark',
  name: 'jobName',
  group: 'jobGroup',
};

/** Where a client finds what `ScheduleService` says of a field. */
export const fieldOfIssue = (field: string): string => FIELDS[field] ?? field;
