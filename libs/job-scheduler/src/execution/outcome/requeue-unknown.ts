import type { GivenBack } from '../../store/codecs/given-back.js';

/** How a job that this process does not know goes back to its queue. Milliseconds. */
export interface Requeue {
  readonly delay: number;
  /** For how long this process fetches nothing from an otherwise empty queue, so that others get the job. */
  readonly pause: number;
  readonly note: GivenBack;
}

/** It is passed on for so long, and so often, that in a fleet of some dozens each process has seen it. */
const ROUND = 250;
const PASSES = 16;
const PASS_ON = 10;
const PAUSE = 100;
const FIRST_REST = 250;
const LONGEST_REST = 5_000;

/**
 * A job goes quickly from one process that does not know it to the next, and rests when all have seen it: for longer each
 * time, since the process that knows it is away, or has no free slot. After each rest it goes round again.
 */
export function requeueUnknown(before: GivenBack | undefined, now: number): Requeue {
  const { times, rests, since, from } = before ?? { times: 0, rests: 0, since: now, from: 0 };
  const hasAllSeen = times - from >= PASSES && now - since >= ROUND;
  // A clock that is ahead may have written it.
  const isRound = !hasAllSeen && since - now <= LONGEST_REST;
  if (isRound) return { delay: PASS_ON, pause: PAUSE, note: { times: times + 1, rests, since, from } };
  const delay = Math.min(FIRST_REST * 2 ** Math.min(rests, 10), LONGEST_REST);
  return { delay, pause: 0, note: { times: times + 1, rests: rests + 1, since: now + delay, from: times + 1 } };
}

/** A job with a cancel request rests for as long as the request lasts, which removes it from its queue meanwhile. */
export function restForCancel(before: GivenBack | undefined, now: number): Requeue {
  const times = (before?.times ?? 0) + 1;
  return {
    delay: LONGEST_REST,
    pause: 0,
    note: { times, rests: before?.rests ?? 0, since: now + LONGEST_REST, from: times },
  };
}
