import { Packr } from 'msgpackr';
import { CorruptRecordError, readExecution, readPart, storableAge, storableCount } from '../codecs/execution-codec.js';
import { finishStats } from '../codecs/finish-stats.js';
import type { ExecutionWrite, StoredExecution } from '../ports/execution-record.js';
import { fromCompactRecord } from './finish/compact-record.js';

/** One argument for a whole batch: each of a dozen for every record would cost as much as the record. */
const packr = new Packr({ useRecords: false });

/** As the script reads them. */
export function packEntries(entries: readonly ExecutionWrite[]): Buffer {
  return packr.pack(
    entries.map((entry) => {
      const { payload, ...head } = entry.head;
      const record = JSON.stringify({ head, attempt: entry.attempt });
      return [...toTuple(entry, record), payload === undefined ? '' : JSON.stringify(payload)];
    }),
  );
}

/** As the script reads it. */
export function packEntry(entry: ExecutionWrite, record: string): Buffer {
  return packr.pack(toTuple(entry, record));
}

/** See `store-execution.lua`. */
function toTuple(entry: ExecutionWrite, record: string): unknown[] {
  const { id, job, queue, fence, final, attempt, step, keep } = entry;
  const { at, scheduleId, duration, bucket, error } = finishStats(entry);
  return [
    id,
    job,
    queue,
    fence,
    final ?? '',
    record,
    attempt !== undefined,
    step ? step.name : '',
    step ? JSON.stringify(step) : '',
    storableCount(keep.count),
    storableAge(keep.age),
    at,
    scheduleId ?? '',
    duration ?? -1,
    bucket ?? -1,
    error ? JSON.stringify(error) : '',
  ];
}

/**
 * @param stored the text of a string, or the fields and values of a hash.
 * @throws CorruptRecordError
 */
export function decodeExecution(id: string, stored: string | readonly string[]): StoredExecution {
  return typeof stored === 'string' ? decodeCompact(id, stored) : decode(id, toFields(stored));
}

function decodeCompact(id: string, text: string): StoredExecution {
  const parts = readPart(text);
  if (!Array.isArray(parts)) throw new CorruptRecordError('it is no array');
  const { job, queue, fence, head, attempt, step } = fromCompactRecord(parts);
  const steps = step ? [{ sequence: 0, text: JSON.stringify(step) }] : [];
  return readExecution({ id, job, queue, fence, final: 'completed', head, attempts: [attempt], steps });
}

/** What Redis gives for a hash. */
export function toFields(list: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < list.length; index += 2) fields[list[index]!] = list[index + 1]!;
  return fields;
}

/** What the script writes as `m`. */
const META = /^(\d+):([a-z]*)$/;

interface RecordPair {
  readonly head: object;
  /** Absent at an end without an attempt. */
  readonly attempt?: object;
}

function decode(id: string, fields: Record<string, string>): StoredExecution {
  const meta = META.exec(fields['m'] ?? '');
  if (!meta) throw new CorruptRecordError('its field m cannot be read');
  const attempts: object[] = [];
  const steps: { sequence: number; text: string }[] = [];
  let head: object | undefined;
  let payload: string | undefined;
  let newest = -1;
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith('s:')) steps.push(splitSequence(value));
    if (field === 'p') payload = value;
    const isEnd = field === 'h';
    if (!isEnd && !field.startsWith('r:')) continue;
    const record = readPair(value);
    if (record.attempt) attempts.push(record.attempt);
    const fence = isEnd ? Infinity : Number(field.slice(2));
    if (fence > newest) [newest, head] = [fence, record.head];
  }
  return readExecution({
    id,
    job: fields['j'] ?? '',
    queue: fields['q'] ?? '',
    fence: Number(meta[1]),
    final: meta[2] || undefined,
    head: head && payload !== undefined ? { payload: parse(payload), ...head } : head,
    attempts,
    steps,
  });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new CorruptRecordError(`its payload is no JSON: ${(error as Error).message}`);
  }
}

/** An attempt that completed after others has the same text as one that completed at once. */
function readPair(value: string): RecordPair {
  const part = readPart(value);
  return Array.isArray(part) ? fromCompactRecord(part) : (part as RecordPair);
}

function splitSequence(value: string): { sequence: number; text: string } {
  const colon = value.indexOf(':');
  return { sequence: Number(value.slice(0, colon)), text: value.slice(colon + 1) };
}
