import { randomUUID } from 'node:crypto';
import type { ScheduleSpec } from '../../cron/schedule-spec.js';
import { scheduleSpecOf } from '../../scheduling/stored-repeat.js';
import type { ScheduleData, StoredSchedule } from '../../store/ports/schedule-store.js';

/** What input says, ready to be stored over what is stored already. Fields that it leaves alone are not in it. */
export type CheckedSchedule = {
  -readonly [F in keyof ScheduleData]?: ScheduleData[F] | undefined;
} & { readonly spec?: ScheduleSpec };

/** What is stored of a schedule that is made now. */
export function newScheduleData({ spec, ...fields }: CheckedSchedule, now: number): ScheduleData {
  return withoutUndefined({
    source: 'api',
    anchor: spec?.kind === 'interval' ? now : 0,
    enabledAt: now,
    createdAt: now,
    updatedAt: now,
    ...fields,
    id: fields.id ?? randomUUID(),
  } as ScheduleData);
}

/** What is stored of a schedule that is changed now. */
export function changedScheduleData(
  stored: StoredSchedule,
  { spec, ...fields }: CheckedSchedule,
  now: number,
): ScheduleData {
  const data = { ...stored, ...fields, updatedAt: now } as ScheduleData;
  return {
    ...data,
    anchor: spec ? anchorOf(spec, stored, now) : stored.anchor,
    enabledAt: data.enabled && !stored.enabled ? now : stored.enabledAt,
  };
}

/** Without the fields that are not set. */
export function withoutUndefined(data: ScheduleData): ScheduleData {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as unknown as ScheduleData;
}

/** An interval of the same length keeps its phase. */
function anchorOf(spec: ScheduleSpec, stored: StoredSchedule, now: number): number {
  if (spec.kind !== 'interval') return 0;
  return intervalOf(stored) === spec.every ? stored.anchor : now;
}

/** The length of an interval; undefined for all else. */
function intervalOf(stored: StoredSchedule): number | undefined {
  try {
    const spec = scheduleSpecOf(stored);
    return spec.kind === 'interval' ? spec.every : undefined;
  } catch {
    return undefined;
  }
}
