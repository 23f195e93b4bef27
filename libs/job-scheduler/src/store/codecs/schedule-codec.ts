import { CorruptRecordError } from './execution-codec.js';
import type { ScheduleData, StoredSchedule } from '../ports/schedule-store.js';

/** A schedule as a store gives it back. */
export interface RawSchedule {
  readonly id: string;
  readonly version: number;
  /** Of `writeSchedule`. */
  readonly text: string;
  readonly lastFire: number | undefined;
}

const REQUIRED: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  id: 'string',
  job: 'string',
  source: 'string',
  expression: 'string',
  timezone: 'string',
  anchor: 'number',
  enabled: 'boolean',
  enabledAt: 'number',
  createdAt: 'number',
  updatedAt: 'number',
};

const OPTIONAL: Readonly<Record<string, 'string' | 'number' | 'object'>> = {
  start: 'number',
  end: 'number',
  misfire: 'string',
  misfireThreshold: 'number',
  maxCatchUp: 'number',
  overlap: 'string',
  description: 'string',
  name: 'string',
  group: 'string',
  metadata: 'object',
};

export function writeSchedule(data: ScheduleData): string {
  const { version: _, lastFire: __, ...plain } = data as StoredSchedule;
  return JSON.stringify(plain);
}

/** @throws CorruptRecordError */
export function readSchedule({ id, version, text, lastFire }: RawSchedule): StoredSchedule {
  if (!Number.isSafeInteger(version) || version < 1) throw new CorruptRecordError('its version is no number');
  if (lastFire !== undefined && !Number.isFinite(lastFire)) throw new CorruptRecordError('its last fire is no number');
  const fields = parseRecord(text);
  for (const [name, type] of Object.entries(REQUIRED)) {
    if (typeof fields[name] !== type) throw new CorruptRecordError(`its ${name} is no ${type}`);
  }
  for (const [name, type] of Object.entries(OPTIONAL)) {
    const value = fields[name];
    if (value !== undefined && (typeof value !== type || value === null))
      throw new CorruptRecordError(`its ${name} is no ${type}`);
  }
  if (fields['id'] !== id) throw new CorruptRecordError(`it says that its id is ${JSON.stringify(fields['id'])}`);
  if (fields['source'] !== 'code' && fields['source'] !== 'api')
    throw new CorruptRecordError(`its source is ${JSON.stringify(fields['source'])}`);
  return {
    ...(fields as unknown as ScheduleData),
    version,
    ...(lastFire === undefined ? {} : { lastFire }),
  };
}

/** By id, the same on every store. */
export function byId(a: StoredSchedule, b: StoredSchedule): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function parseRecord(text: string): Record<string, unknown> {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CorruptRecordError('it is no object');
  return value as Record<string, unknown>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CorruptRecordError(`it is no JSON: ${(error as Error).message}`);
  }
}
