import type { JobLogLine } from '../../definition/job-log-line.js';
import type { FinalStatus } from '../../definition/job-status.js';
import { toLogLine } from '../../store/codecs/log-codec.js';
import type { StoredLog } from '../../store/ports/log-store.js';

/** An execution has ended. */
export interface JobLogEnd {
  readonly executionId: string;
  readonly job: string;
  readonly scheduleId?: string;
  readonly status: FinalStatus;
  readonly at: Date;
}

/** What a log stream gives. `seq` is from where to read on: of an end that is not stored, the place of what came before. */
export type LogItem =
  | { readonly kind: 'line'; readonly seq: number; readonly line: JobLogLine }
  | { readonly kind: 'end'; readonly seq: number; readonly end: JobLogEnd; readonly isStored: boolean };

/** Whether who has read up to `position` has not read this yet. */
export function isAfter(item: LogItem, position: number): boolean {
  return item.seq > position || (item.kind === 'end' && !item.isStored);
}

export function toLogItem(stored: StoredLog): LogItem {
  const { seq } = stored;
  if (stored.kind === 'line') return { kind: 'line', seq, line: toLogLine(stored) };
  const { executionId, job, scheduleId, status, at } = stored;
  const schedule = scheduleId !== undefined && { scheduleId };
  return { kind: 'end', seq, end: { executionId, job, ...schedule, status, at: new Date(at) }, isStored: true };
}

export function sourceOf(item: LogItem): Pick<JobLogEnd, 'executionId' | 'scheduleId'> {
  return item.kind === 'line' ? item.line : item.end;
}
