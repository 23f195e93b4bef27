import type { Misfire, Overlap } from '../../definition/job-options.js';
import type { DeclaredJob } from './declared-job.js';

/** A schedule as it is to be stored. Times are milliseconds since the epoch, durations milliseconds. */
export interface ScheduleData {
  /** `code:<job>`, `code:<job>#<n>`, or generated at run time. */
  readonly id: string;
  readonly job: string;
  readonly source: 'code' | 'api';
  /** As written: `0 2 * * *`, `every 15m`, `@daily`. */
  readonly expression: string;
  /** IANA name. */
  readonly timezone: string;
  /** No fire before. */
  readonly start?: number;
  /** No fire after. */
  readonly end?: number;
  /** Where an interval is counted from: the moment when the schedule first existed. 0 for cron. */
  readonly anchor: number;
  /** Absent: none. */
  readonly payload?: unknown;
  readonly enabled: boolean;
  /** When it was last enabled, or made: it has missed nothing before. */
  readonly enabledAt: number;
  /** Own policies of a schedule made at run time. Absent: the job's. */
  readonly misfire?: Misfire;
  readonly misfireThreshold?: number;
  readonly maxCatchUp?: number;
  readonly overlap?: Overlap;
  readonly description?: string;
  /** For people, as the next one. */
  readonly name?: string;
  readonly group?: string;
  /**
   * The code says `enabled: false`, and has found the schedule so when it first did. What people did since then stands in
   * `enabled`. Absent: the code says nothing against it.
   */
  readonly disabledInCode?: 'was enabled' | 'was disabled';
  /** The maker's own data: kept and given back. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface StoredSchedule extends ScheduleData {
  /** 1 for the first, one more with each `put`. */
  readonly version: number;
  /** The newest nominal time that has been claimed; absent: none has. No part of the version. */
  readonly lastFire?: number;
}

export interface SchedulePut {
  readonly data: ScheduleData;
  /** The version that is to be replaced; 0: there must be none; undefined: whichever. */
  readonly expected?: number | undefined;
}

/** What one version of an app's code declares, and since when. */
export interface ScheduleDeclaration {
  /** Of the declaring code: instances that declare the same have the same. */
  readonly version: string;
  /** Of the schedules that it sees to. */
  readonly ids: readonly string[];
  /** The app's name, where it has one. */
  readonly app?: string;
  /** The jobs that it has the code of. Absent: an earlier version of this library has written it. */
  readonly jobs?: readonly DeclaredJob[];
  /** It is no version, but a schedule that was removed then: for when it is declared again. */
  readonly removed?: StoredSchedule;
  /** The last time an instance of this version booted. */
  readonly bootedAt: number;
  /** The last time an instance of this version said that it lives. */
  readonly seenAt: number;
}

/** Schedules, and which fires of them have been taken. */
export interface ScheduleStore {
  /** By id. A record that cannot be read is left out with a warning. */
  all(): Promise<StoredSchedule[]>;
  get(id: string): Promise<StoredSchedule | undefined>;
  /**
   * Stores schedules in one round trip, each as one atomic step. `lastFire` of a stored one stays.
   * @returns in order: what is stored now; undefined where `expected` was not the stored version.
   */
  put(entries: readonly SchedulePut[]): Promise<(StoredSchedule | undefined)[]>;
  /** @returns `false`: it was not there, or not of the version that was expected. */
  remove(id: string, expected?: number): Promise<boolean>;
  /** Sets `lastFire` to `to` if it is `from`. `false`: somebody else has claimed, or the schedule is gone. `to` is later than `from`, but where a claim of the time to come is taken back. */
  claim(id: string, from: number | undefined, to: number): Promise<boolean>;
  /** Says what a version declares, and forgets declarations that were not seen for `forgetAfter` milliseconds. */
  declare(declaration: ScheduleDeclaration, forgetAfter: number): Promise<void>;
  declarations(): Promise<ScheduleDeclaration[]>;
}
