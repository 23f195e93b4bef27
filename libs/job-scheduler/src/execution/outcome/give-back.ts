import type { GivenBack } from '../../store/codecs/given-back.js';

/** How a job goes back to its queue that this process does not know. Milliseconds. */
export interface GiveBack {
  readonly delay: number;
  /** For how long this process asks an otherwise empty queue for nothing: others are to be handed the job. */
  readonly pause: number;
  readonly note: GivenBack;
}

/** From hand to hand for so long, and so often, that in a fleet of some dozens each process has seen it. */
const ROUND = 250;
const HANDS = 16;
const HAND_ON = 10;
const PAUSE = 100;
const FIRST_REST = 250;
const LONGEST_REST = 5_000;

/**
 * A job that nobody has taken yet who knows it goes quickly from one process to the next, and rests when all have seen it:
 * for longer each time, since who knows it is away, or has no free slot. After each rest it goes round again.
 */
export function giveBack(before: GivenBack | undefined, now: number): GiveBack {
  const { times, rests, since, from } = before ?? { times: 0, rests: 0, since: now, from: 0 };
  const hasAllSeen = times - from >= HANDS && now - since >= ROUND;
  // A clock that is ahead may have written it.
  const isRound = !hasAllSeen && since - now <= LONGEST_REST;
  if (isRound) return { delay: HAND_ON, pause: PAUSE, note: { times: times + 1, rests, since, from } };
  const delay = Math.min(FIRST_REST * 2 ** Math.min(rests, 10), LONGEST_REST);
  return { delay, pause: 0, note: { times: times + 1, rests: rests + 1, since: now + delay, from: times + 1 } };
}

/** One that is to be cancelled rests for as long as it is asked for: whoever asks takes it out of its queue meanwhile. */
export function restForCancel(before: GivenBack | undefined, now: number): GiveBack {
  const times = (before?.times ?? 0) + 1;
  return {
    delay: LONGEST_REST,
    pause: 0,
    note: { times, rests: before?.rests ?? 0, since: now + LONGEST_REST, from: times },
  };
}
