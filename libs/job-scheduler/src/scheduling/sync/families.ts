import type { ScheduleDeclaration, StoredSchedule } from '../../store/ports/schedule-store.js';

/** Which versions of the code have a say in which schedules: several services, and several versions of each, may share a prefix. */

/** A removed schedule is remembered for so long, in milliseconds. */
const REMEMBERED_FOR = 24 * 3_600_000;

/**
 * The versions of the code that run now: those that an instance has told of since `now - liveFor`.
 * @param liveFor milliseconds: some times the interval at which instances tell.
 */
export function liveVersions(
  declarations: readonly ScheduleDeclaration[],
  now: number,
  liveFor: number,
): ScheduleDeclaration[] {
  return declarations.filter(({ seenAt, removed }) => !removed && seenAt > now - liveFor);
}

/**
 * Whose word counts for each schedule: the version that booted last of those that declare it and run. In a rolling deploy the
 * old instances must not bring back what the new ones have changed; when they roll back, they boot again.
 */
export function deciders(live: readonly ScheduleDeclaration[]): ReadonlyMap<string, string> {
  const deciding = new Map<string, string>();
  const oldestFirst = live.toSorted((a, b) => a.bootedAt - b.bootedAt || (a.version < b.version ? -1 : 1));
  for (const { version, ids } of oldestFirst) for (const id of ids) deciding.set(id, version);
  return deciding;
}

/** Whether two versions are of the code of one app: as they are named, or, where one has no name, by a job that both have. */
export function isOneFamily(a: ScheduleDeclaration, b: ScheduleDeclaration): boolean {
  if (a.app !== undefined && b.app !== undefined) return a.app === b.app;
  const names = jobsOf(a);
  return [...jobsOf(b)].some((name) => names.has(name));
}

/**
 * Of the stored schedules, those that this version is to remove: no version that runs declares them, and an earlier one of
 * the same family did. That a whole family is away removes nothing.
 * @param known versions that run, and those that are remembered.
 */
export function staleFor(
  self: ScheduleDeclaration,
  stored: readonly StoredSchedule[],
  live: readonly ScheduleDeclaration[],
  known: readonly ScheduleDeclaration[],
): StoredSchedule[] {
  const kept = new Set([...self.ids, ...live.flatMap(({ ids }) => ids)]);
  const jobs = jobsOf(self);
  return stored.filter(({ source, id, job }) => {
    if (source !== 'code' || kept.has(id)) return false;
    const declarers = known.filter(({ ids, version }) => version !== self.version && ids.includes(id));
    // Its declaration is forgotten.
    if (declarers.length === 0) return jobs.has(job);
    const ours = declarers.filter((each) => isOneFamily(self, each));
    return ours.length > 0 && ours.every(({ bootedAt }) => bootedAt < self.bootedAt);
  });
}

/** How a removed schedule is remembered: as a declaration of no version. */
export function toRemoved(removed: StoredSchedule, now: number): ScheduleDeclaration {
  return { version: `removed:${removed.id}`, ids: [], bootedAt: 0, seenAt: now, removed };
}

/** Removed schedules that are still remembered, by id. */
export function removedOf(declarations: readonly ScheduleDeclaration[], now: number): Map<string, StoredSchedule> {
  const recent = declarations.filter(({ seenAt }) => seenAt > now - REMEMBERED_FOR);
  return new Map(recent.flatMap(({ removed }) => (removed ? [[removed.id, removed] as const] : [])));
}

function jobsOf({ jobs, ids }: ScheduleDeclaration): Set<string> {
  // An earlier version of this library has told its ids only: `code:<job>`, or `code:<job>#<n>`.
  return new Set(
    jobs ? jobs.map(({ name }) => name) : ids.flatMap((id) => [id, id.replace(/#\d{1,9}$/, '')].map(jobOf)),
  );
}

function jobOf(id: string): string {
  return id.replace(/^code:/, '');
}
