/** Times in tests follow the machine: `npm test` measures at its start how slow it is (`slowness.mjs`). */
import { availableParallelism, loadavg } from 'node:os';
import { inSuite } from './suite.js';

const slowness = Number(process.env.TEST_SLOWNESS ?? 1);
/** A load beyond all measure must not make a hanging test wait for ever. */
const MOST = 20;

/**
 * A time of the reference machine, as long as it is here. For ceilings of waits, and for times that the system under
 * test keeps on its own clock (lock durations, intervals), which a slow machine would miss.
 */
export const scaled = (ms: number): number => Math.round(ms * slowness);

/** How much slower this machine is than the one on which the ceilings were set: 1 or more. */
export const machineSlowness = (): number => slowness;

/**
 * How long a wait may take that stands for `ms` on the quiet reference machine. Follows the load of this moment, too: a
 * busy neighbour may have come after the start. A ceiling costs nothing where the wait ends.
 */
export function ceiling(ms: number): number {
  const perCore = Math.min(MOST, loadavg()[0]! / availableParallelism());
  return Math.round(ms * Math.max(slowness, perCore));
}

/** Of a single wait. The long suite runs beside its own processes. */
export const LONGEST_WAIT = inSuite(60_000, 120_000);

/** For `handle.finished(WAIT)`. */
export const WAIT = {
  get timeout(): number {
    return ceiling(LONGEST_WAIT);
  },
};
