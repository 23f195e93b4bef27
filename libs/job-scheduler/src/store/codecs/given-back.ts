/** That a job was given back by processes which do not know it. Stored with the job: every process goes on from there. */
export interface GivenBack {
  /** So many starts were none. */
  readonly times: number;
  /** How often it has rested since no process that knows it took it. */
  readonly rests: number;
  /** Since when it has gone from hand to hand, in milliseconds since the epoch; */
  readonly since: number;
  /** and the `times` before. */
  readonly from: number;
}

/**
 * Stands in BullMQ's list of a job's stacks: what is written there in one step with a put-back, on every store, and handed
 * out with the job. Versions that do not know it leave it alone.
 */
const NOTE = 'JOB_UNKNOWN: given back by processes that do not know this job';
const PATTERN = /^JOB_UNKNOWN: given back .{0,60}: (\d{1,9}) times, (\d{1,9}) rests, since (\d{1,16}) from (\d{1,9})$/;

/** @param stacktrace BullMQ's list, as JSON. */
export function readGivenBack(stacktrace: string | undefined): GivenBack | undefined {
  if (!stacktrace?.includes(NOTE)) return undefined;
  for (const stack of stacksOf(stacktrace)) {
    const [times, rests, since, from] = (PATTERN.exec(stack) ?? []).slice(1).map(Number);
    if (from !== undefined) return { times: times!, rests: rests!, since: since!, from };
  }
  return undefined;
}

/** The list with this note in place of the one before. */
export function withGivenBack(stacktrace: string | undefined, { times, rests, since, from }: GivenBack): string {
  const others = stacksOf(stacktrace ?? '[]').filter((stack) => !stack.startsWith(NOTE));
  return JSON.stringify([
    `${NOTE}: ${times} times, ${rests} rests, since ${Math.floor(since)} from ${from}`,
    ...others,
  ]);
}

function stacksOf(stacktrace: string): string[] {
  try {
    const stacks: unknown = JSON.parse(stacktrace);
    return Array.isArray(stacks) ? stacks.filter((stack) => typeof stack === 'string') : [];
  } catch {
    return [];
  }
}
