import type { Misfire } from '../../definition/job-options.js';

/** What becomes of missed fires. Durations are milliseconds. */
export interface MisfirePolicy {
  readonly misfire: Misfire;
  readonly misfireThreshold: number;
  readonly maxCatchUp: number;
}

export interface JudgedFires {
  /** In the order in which they run. `missed`: they catch up. */
  readonly runs: readonly { readonly at: number; readonly missed: boolean }[];
  /** Missed and not run, ascending: at most `maxCatchUp`, the newest. */
  readonly skipped: readonly number[];
  /** Missed, not run, and too many to be told one by one. */
  readonly omitted: number;
}

/**
 * Which fires run (docs/misfire.md).
 * @param fires ascending, not later than now or hardly.
 * @param now when somebody was there to take them.
 */
export function judgeFires(fires: readonly number[], now: number, policy: MisfirePolicy): JudgedFires {
  const missed = fires.filter((at) => now - at > policy.misfireThreshold);
  const most = { skip: 0, once: 1, all: policy.maxCatchUp }[policy.misfire];
  const split = Math.max(0, missed.length - most);
  const skipped = missed.slice(0, split);
  return {
    runs: [
      ...missed.slice(split).map((at) => ({ at, missed: true })),
      ...fires.slice(missed.length).map((at) => ({ at, missed: false })),
    ],
    skipped: skipped.slice(-policy.maxCatchUp),
    omitted: Math.max(0, skipped.length - policy.maxCatchUp),
  };
}
