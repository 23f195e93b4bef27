/** Times in tests follow the machine: `npm test` measures at its start how slow it is (`slowness.mjs`). */
const slowness = Number(process.env.TEST_SLOWNESS ?? 1);

/**
 * A time of the reference machine, as long as it is here. For ceilings of waits, and for times that the system under
 * test keeps on its own clock (lock durations, intervals), which a slow machine would miss.
 */
export const scaled = (ms: number): number => Math.round(ms * slowness);

/** How much slower this machine is than the one on which the ceilings were set: 1 or more. */
export const machineSlowness = (): number => slowness;

/** For `handle.finished(WAIT)`: a ceiling, as those of `until`. */
export const WAIT = { timeout: scaled(60_000) };
