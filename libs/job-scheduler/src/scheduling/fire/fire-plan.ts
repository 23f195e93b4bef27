/** What the gate has decided about a tick. Plain JSON: it is stored on the tick's job. Times are milliseconds since the epoch. */
export interface FirePlan {
  /** The claim: `lastFire` goes from here, absent for none, */
  readonly from?: number;
  /** to here. */
  readonly to: number;
  /** Ascending, in the order in which they run. */
  readonly runs: readonly { readonly at: number; readonly missed: boolean }[];
  readonly skipped: readonly number[];
  readonly reason: SkipReason;
}

/** Why a fire does not run, as it stands in its record. */
export type SkipReason = 'misfire' | 'disabled';

/** One fire, on time: what nearly all plans are. */
export function isPlain({ runs, skipped }: FirePlan, at: number | undefined): boolean {
  return runs.length === 1 && skipped.length === 0 && !runs[0]!.missed && runs[0]!.at === at;
}

export function isFirePlan(value: unknown): value is FirePlan {
  if (typeof value !== 'object' || value === null) return false;
  const { to, runs, skipped } = value as Partial<FirePlan>;
  return typeof to === 'number' && Array.isArray(runs) && Array.isArray(skipped);
}
