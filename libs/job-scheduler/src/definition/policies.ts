import type { Misfire, Overlap } from './job-options.js';

export const OVERLAPS: readonly Overlap[] = ['allow', 'skip', 'wait', 'replace'];
export const MISFIRES: readonly Misfire[] = ['once', 'all', 'skip'];
/** The most that `maxCatchUp` can be. */
export const MOST_CATCH_UP = 1_000_000;
