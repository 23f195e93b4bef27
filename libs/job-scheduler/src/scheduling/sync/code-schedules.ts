import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CodeSchedule, JobDefinition } from '../../definition/job-definition.js';
import type { ScheduleData, SchedulePut, StoredSchedule } from '../../store/ports/schedule-store.js';

/** A schedule that the code declares, with its job. */
export interface DeclaredSchedule {
  readonly definition: JobDefinition;
  readonly schedule: CodeSchedule;
}

export function declaredSchedules(definitions: readonly JobDefinition[]): DeclaredSchedule[] {
  return definitions.flatMap((definition) => definition.schedules.map((schedule) => ({ definition, schedule })));
}

/** Of the declaring code: the same for all instances that declare the same. */
export function versionOf(declared: readonly DeclaredSchedule[]): string {
  const content = declared
    .map(({ definition, schedule: { id, spec, payload } }) =>
      JSON.stringify([id, spec.expression, spec.timezone, spec.start, spec.end, payload, definition.enabled]),
    )
    .toSorted();
  return createHash('sha256').update(content.join('\n')).digest('hex').slice(0, 24);
}

/**
 * What is to be changed for the store to hold what the code declares: in place, with the anchor, what was claimed, and what
 * people have enabled or disabled kept. Schedules that were made at run time are not looked at.
 *
 * @param anchors of intervals that an earlier version of this library has kept, by schedule.
 * @param gone schedules that are stored no more, as they were last: they come back so.
 */
export function codeChanges(
  declared: readonly DeclaredSchedule[],
  stored: readonly StoredSchedule[],
  now: number,
  anchors: ReadonlyMap<string, number> = new Map(),
  gone: ReadonlyMap<string, StoredSchedule> = new Map(),
): SchedulePut[] {
  const byId = new Map(stored.map((schedule) => [schedule.id, schedule]));
  return declared.flatMap((each): SchedulePut[] => {
    const { id } = each.schedule;
    const old = byId.get(id);
    const data = wanted(each, old ?? asLastSeen(gone.get(id)), now, anchors.get(id));
    if (old && isSame(data, old)) return [];
    return [{ data: { ...data, updatedAt: now }, expected: old?.version ?? 0 }];
  });
}

/** What has been claimed is claimed again after it is stored; should that not come about, nothing before counts as missed. */
function asLastSeen(gone: StoredSchedule | undefined): StoredSchedule | undefined {
  return gone && { ...gone, enabledAt: Math.max(gone.enabledAt, gone.lastFire ?? 0) };
}

function wanted(
  { definition, schedule: { id, spec, payload } }: DeclaredSchedule,
  old: StoredSchedule | undefined,
  now: number,
  anchor: number | undefined,
): ScheduleData {
  const { expression, timezone, start, end } = spec;
  return {
    id,
    job: definition.name,
    source: 'code',
    expression,
    timezone,
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    // The moment when the schedule first existed.
    anchor: spec.kind === 'cron' ? 0 : old?.anchor || (old?.createdAt ?? anchor ?? now),
    ...(payload !== undefined && { payload }),
    ...switched(definition.enabled, old, now),
    ...(definition.description !== undefined && { description: definition.description }),
    ...(old?.metadata && { metadata: old.metadata }),
    createdAt: old?.createdAt ?? now,
    updatedAt: old?.updatedAt ?? now,
  };
}

/** `enabled: false` in the code disables once; what people do after that counts, until the code says otherwise. */
function switched(
  declared: boolean,
  old: StoredSchedule | undefined,
  now: number,
): Pick<ScheduleData, 'enabled' | 'enabledAt' | 'disabledInCode'> {
  if (!old) return { enabled: declared, enabledAt: now, ...(!declared && { disabledInCode: 'was enabled' }) };
  const { enabled, enabledAt, disabledInCode } = old;
  if (!declared) {
    return disabledInCode
      ? { enabled, enabledAt, disabledInCode }
      : { enabled: false, enabledAt, disabledInCode: enabled ? 'was enabled' : 'was disabled' };
  }
  const enables = disabledInCode === 'was enabled' && !enabled;
  return enables ? { enabled: true, enabledAt: now } : { enabled, enabledAt };
}

function isSame(data: ScheduleData, { version: _, lastFire: __, ...old }: StoredSchedule): boolean {
  return isDeepStrictEqual(plain(data), plain(old));
}

/** As it comes back from a store. */
function plain(data: ScheduleData): unknown {
  return JSON.parse(JSON.stringify(data));
}
