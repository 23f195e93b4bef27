/** How often schedules are looked after. Milliseconds. Tests shorten it. */
export interface SchedulerTiming {
  /** Between two rounds of the reconciler; each instance tells at least as often that it lives. */
  readonly every: number;
  /** How long after its last word a version of the code counts as live. */
  readonly liveFor: number;
  /** From when on a fire that no process took counts as late, although workers are idle. */
  readonly grace: number;
}

export const SCHEDULE_TIMING: SchedulerTiming = Object.freeze({ every: 60_000, liveFor: 180_000, grace: 15_000 });

/** Injects it. */
export const SCHEDULE_TIMING_TOKEN = Symbol('nestjs-job-scheduler:schedule-timing');
