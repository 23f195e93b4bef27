import { createHash } from 'node:crypto';
import type { JobDefinition } from '../../definition/job-definition.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { ScheduleDeclaration, ScheduleStore } from '../../store/ports/schedule-store.js';
import type { StoreTime } from '../../store/store-time.js';
import { declaredSchedules, versionOf } from './code-schedules.js';

export interface DeclarerParts {
  readonly schedules: Pick<ScheduleStore, 'declare'>;
  readonly time: Pick<StoreTime, 'now'>;
  /** The app's name, where it has one. */
  readonly app: string | undefined;
  /** Whether this process sees to the schedules of its code. */
  readonly schedulesToo: boolean;
  readonly describe: (definition: JobDefinition) => DeclaredJob;
}

/** Versions of the code that no process runs any more are forgotten after this, in milliseconds: longer than a fleet is off at most. */
export const FORGET_AFTER = 7 * 24 * 3_600_000;

/** Says to the fleet what the code of this process declares, and that it lives. */
export class Declarer {
  /** Of the code, as it was last declared. */
  current: ScheduleDeclaration | undefined;
  private bootedAt = 0;

  constructor(private readonly parts: DeclarerParts) {}

  /** To be repeated more often than the time for which a version counts as live. Rejects when the store fails. */
  async declare(definitions: readonly JobDefinition[]): Promise<void> {
    const { schedules, time, app, schedulesToo, describe } = this.parts;
    const declared = schedulesToo ? declaredSchedules(definitions) : [];
    const jobs = definitions.map(describe);
    const now = time.now();
    const version = hash([versionOf(declared), app ?? '', String(schedulesToo), ...jobs.map(asText).toSorted()]);
    // A job that is registered while the app runs makes a new version of it, be it in the same millisecond.
    if (version !== this.current?.version) this.bootedAt = Math.max(now, this.bootedAt + 1);
    const { bootedAt } = this;
    this.current = {
      version,
      ids: declared.map(({ schedule }) => schedule.id),
      bootedAt,
      seenAt: now,
      ...(app !== undefined && { app }),
      jobs,
    };
    await schedules.declare(this.current, FORGET_AFTER);
  }
}

function hash(texts: readonly string[]): string {
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 24);
}

function asText(job: DeclaredJob): string {
  return JSON.stringify(job);
}
