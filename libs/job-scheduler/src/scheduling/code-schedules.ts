import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CodeSchedule, JobDefinition } from '../definition/job-definition.js';
import type { ScheduleData, ScheduleDeclaration, SchedulePut, StoredSchedule } from '../store/schedule-store.js';

/** A schedule that the code declares, with its job. */
export interface DeclaredSchedule {
  readonly definition: JobDefinition;
  readonly schedule: CodeSchedule;
}

export interface CodeChanges {
  readonly puts: readonly SchedulePut[];
  /** To be removed. */
  readonly stale: readonly StoredSchedule[];
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
 * The versions of the code that run now: those that an instance has told of since `now - liveFor`.
 * @param liveFor milliseconds: some times the interval at which instances tell.
 */
export function liveVersions(
  declarations: readonly ScheduleDeclaration[],
  now: number,
  liveFor: number,
): ScheduleDeclaration[] {
  return declarations.filter(({ seenAt }) => seenAt > now - liveFor);
}

/**
 * Whether this version's word counts: that of the live version which booted last. In a rolling deploy the old instances
 * must not bring back what the new ones have changed; when they roll back, they boot again.
 */
export function isCurrent(version: string, live: readonly ScheduleDeclaration[]): boolean {
  const newest = live.toSorted((a, b) => b.bootedAt - a.bootedAt || (a.version < b.version ? 1 : -1))[0];
  return newest === undefined || newest.version === version;
}

/**
 * What is to be changed for the store to hold what the code declares: in place, with the anchor, what was claimed, and what
 * people have enabled or disabled kept. Schedules that were made at run time are not looked at.
 *
 * @param live versions of the code that run now. What another one declares is not stale.
 * @param anchors of intervals that an earlier version of this library has kept, by schedule.
 */
export function codeChanges(
  declared: readonly DeclaredSchedule[],
  stored: readonly StoredSchedule[],
  live: readonly ScheduleDeclaration[],
  now: number,
  anchors: ReadonlyMap<string, number> = new Map(),
): CodeChanges {
  const byId = new Map(stored.map((schedule) => [schedule.id, schedule]));
  const puts = declared.flatMap((each): SchedulePut[] => {
    const old = byId.get(each.schedule.id);
    const data = wanted(each, old, now, anchors.get(each.schedule.id));
    if (old && isSame(data, old)) return [];
    return [{ data: { ...data, updatedAt: now }, expected: old?.version ?? 0 }];
  });
  const kept = new Set([...declared.map(({ schedule }) => schedule.id), ...live.flatMap(({ ids }) => ids)]);
  return { puts, stale: stored.filter(({ source, id }) => source === 'code' && !kept.has(id)) };
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
