import { nextFire } from './next-fire.js';
import type { AnchoredSchedule } from './schedule-pattern.js';

/** A schedule, and from when until when it held. Times are milliseconds since the epoch. */
export interface Stretch extends AnchoredSchedule {
  /** It has fired, or will fire, later than this only. */
  readonly since: number;
  /** The last moment at which it holds. */
  readonly until: number;
}

export interface Fires {
  /** Ascending. */
  readonly times: readonly number[];
  /** Whether there were more, earlier ones. */
  readonly hasOlder: boolean;
}

/** The first window that is searched backwards, in milliseconds. */
const FIRST_WINDOW = 60_000;

/** The first fire later than `after`; undefined when there is none. */
export function firstFire(stretches: readonly Stretch[], after: number): number | undefined {
  const firsts = stretches.map(({ spec, anchor, since, until }) => {
    const fire = nextFire(spec, Math.max(after, since), anchor);
    return fire !== undefined && fire <= until ? fire : Infinity;
  });
  const first = Math.min(...firsts);
  return first === Infinity ? undefined : first;
}

/**
 * The newest fires later than `after` and not later than `upTo`, at most `most`. Costs about as much as there are fires to
 * give, however long the time between.
 */
export function firesBetween(stretches: readonly Stretch[], after: number, upTo: number, most: number): Fires {
  const times = new Set<number>();
  let hasOlder = false;
  for (const stretch of stretches) {
    const fires = newest(stretch, Math.max(after, stretch.since), Math.min(upTo, stretch.until), most);
    for (const time of fires.times) times.add(time);
    hasOlder ||= fires.hasOlder;
  }
  const ascending = [...times].toSorted((a, b) => a - b);
  return { times: ascending.slice(-most), hasOlder: hasOlder || ascending.length > most };
}

function newest(schedule: AnchoredSchedule, after: number, upTo: number, most: number): Fires {
  // Mostly there is one, or few.
  const few = forward(schedule, after, upTo, most);
  if (!few.hasMore) return { times: few.times, hasOlder: false };
  for (let window = FIRST_WINDOW; ; window *= 2) {
    const from = Math.max(after, upTo - window);
    const { times } = forward(schedule, from, upTo, Infinity);
    if (times.length > most || from === after) return { times: times.slice(-most), hasOlder: true };
  }
}

function forward(
  { spec, anchor }: AnchoredSchedule,
  after: number,
  upTo: number,
  most: number,
): { readonly times: number[]; readonly hasMore: boolean } {
  const times: number[] = [];
  let fire = nextFire(spec, after, anchor);
  while (fire !== undefined && fire <= upTo) {
    if (times.length === most) return { times, hasMore: true };
    times.push(fire);
    fire = nextFire(spec, fire, anchor);
  }
  return { times, hasMore: false };
}
