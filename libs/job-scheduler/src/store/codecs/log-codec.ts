import type { JobLogLine } from '../../definition/job-log-line.js';
import { CorruptRecordError, readPart, storableAge } from './execution-codec.js';
import { MOST_LOGS_READ, type LogEntry, type LogWrite, type StoredLog } from '../ports/log-store.js';

/** An entry as stores keep it: JSON beside what they look it up by. */
export interface RawLog {
  readonly id: string;
  readonly job: string;
  readonly scheduleId: string | undefined;
  readonly isLine: boolean;
  readonly json: string;
  /** Whole milliseconds. */
  readonly keep: number;
}

export function writeLog({ entry, keep }: LogWrite): RawLog {
  return {
    id: entry.executionId,
    job: entry.job,
    scheduleId: entry.scheduleId,
    isLine: entry.kind === 'line',
    json: JSON.stringify(entry),
    keep: storableAge(keep),
  };
}

/** @throws CorruptRecordError */
export function readLog(json: string, seq: number, number: number): StoredLog {
  const entry = readPart(json) as LogEntry;
  if (entry.kind !== 'line' && entry.kind !== 'end') throw new CorruptRecordError('it is no line and no end');
  return { ...entry, seq, number };
}

/** A whole number of entries that a store can be asked for. */
export function readableLogs(limit: number): number {
  return Math.max(0, Math.min(MOST_LOGS_READ, Math.floor(limit)));
}

/** A line as users see it. */
export function toLogLine({ kind: _, at, ...line }: StoredLog & { readonly kind: 'line' }): JobLogLine {
  return { ...line, at: new Date(at) };
}
