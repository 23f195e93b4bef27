import type { CodeSchedule, JobDefinition } from '../definition/job-definition.js';
import { describeSchedule } from '../definition/describe-schedule.js';
import { encodeSchedulerId } from '../store/names.js';
import type { EngineQueue } from '../store/ports.js';

/** A schedule, for people. */
export interface ScheduledJob {
  readonly id: string;
  readonly job: string;
  /** As it was written: `0 2 * * *`, `every 15m`. */
  readonly schedule: string;
  /** IANA name. */
  readonly timezone: string;
  /** In words: `At 02:00`. */
  readonly description: string;
  readonly enabled: boolean;
  readonly source: 'code' | 'api';
  /** Undefined when disabled, or over. */
  readonly next: Date | undefined;
  readonly payload: unknown;
}

/** The declared schedules with their next fires. */
export async function listSchedules(
  ticks: EngineQueue,
  definitions: readonly JobDefinition[],
): Promise<ScheduledJob[]> {
  const stored = new Map((await ticks.getJobSchedulers(0, -1)).map((entry) => [entry.key, entry.next]));
  return definitions.flatMap((definition) =>
    definition.schedules.map((schedule) => describe(definition, schedule, stored.get(encodeSchedulerId(schedule.id)))),
  );
}

function describe(
  definition: JobDefinition,
  { id, spec, payload }: CodeSchedule,
  next: number | undefined,
): ScheduledJob {
  return {
    id,
    job: definition.name,
    schedule: spec.expression,
    timezone: spec.timezone,
    description: describeSchedule(spec.expression),
    enabled: definition.enabled,
    source: 'code',
    next: next === undefined || next === null || !definition.enabled ? undefined : new Date(next),
    payload,
  };
}
