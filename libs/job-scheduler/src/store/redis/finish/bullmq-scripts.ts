/**
 * What we know of BullMQ's Lua scripts by name and by place. `test/package/bullmq-members.spec.ts` compares it with the
 * scripts that are installed.
 */

/** The script that ends a job. */
export const FINISH = {
  name: 'moveToFinished',
  /** How many. With another number it is not the script that this was written for, and is left as it is. */
  keys: 14,
  /** Among the keys, from 0: the job's, the only one that is not the queue's own. */
  jobKey: 11,
  /** Among the other arguments, from 0: the job's id, how the job ended, and the prefix of the queue's keys. */
  jobId: 0,
  target: 4,
  prefix: 6,
} as const;

/** The scripts that add a job, and the letter that stands for each in `addWithinLua`. */
export const ADD_SCRIPTS = {
  /** Into the list of waiting jobs. */
  addStandardJob: 's',
  /** Among the prioritized ones. */
  addPrioritizedJob: 'p',
  /** For later. */
  addDelayedJob: 'd',
} as const;

/** What each of them is given after its keys. */
export const ADD = {
  /** How many. The first one is a list, packed by MessagePack. */
  arguments: 3,
  /** In that list, from 1: the prefix of the queue's keys, the job's id, the key of its deduplication id. */
  prefix: 1,
  jobId: 2,
  deduplicationKey: 9,
} as const;
