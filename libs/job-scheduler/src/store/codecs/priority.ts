/** The middle of BullMQ's scale, which is 1 (most urgent) to 2,097,151. */
const MIDDLE = 1_048_576;

export const HIGHEST_PRIORITY = 1_000_000;

/**
 * Our priority → BullMQ's options. Ours: higher is more urgent, 0 by default. BullMQ's: 1 is most urgent, and jobs
 * without a priority run before all that have one, so that no job with a priority can come before one without.
 *
 * @param prioritized whether any job of this queue may have a priority. All its jobs then get one, which sorts exactly,
 * at the price of a sorted set in place of a list. Give the same answer in the whole fleet, and `true` once it ever was.
 * `false` is the cheap path: jobs of priority 0 get none. A negative one still runs after them; a positive one is put at
 * their head, which is right but among several positive ones, where the latest comes first.
 */
export function toQueuePriority(priority: number, prioritized: boolean): { priority?: number; lifo?: true } {
  const ours = Math.max(-HIGHEST_PRIORITY, Math.min(HIGHEST_PRIORITY, Math.round(priority)));
  if (prioritized || ours < 0) return { priority: MIDDLE - ours };
  return ours > 0 ? { lifo: true } : {};
}
