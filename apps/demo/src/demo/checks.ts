import type { Outcome } from './outcome.js';

/** Something that the demo promises, and whether it came true. */
export interface Check {
  readonly promise: string;
  readonly kept: boolean;
  readonly found: string;
}

const FAIR_WITHIN = 0.05;
const ENOUGH_STARTS = 200;
/** Milliseconds; and twice the longest time that a tick of every second was late, where the machine halted for longer. */
const PUNCTUAL_WITHIN = 5_000;

export function checks(outcome: Outcome): Check[] {
  const { expected, indexed, failed, runs, digest, shares } = outcome;
  const [resumed, last] = outcome.backups;
  const retries = runs.filter(({ attempt }) => attempt > 1).length;
  const ticks = runs.flatMap(({ job, lateBy }) => (job === 'newsroom:pulse' && lateBy !== undefined ? [lateBy] : []));
  return [
    {
      promise: 'every README is ingested and indexed',
      kept: expected > 0 && Object.values(indexed).every((count) => count === expected),
      found: Object.entries(indexed)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', '),
    },
    { promise: 'no job failed for good', kept: failed === 0, found: `${failed} failed` },
    { promise: 'flaky jobs were tried again', kept: retries > 0, found: `${retries} retries` },
    publicationCheck(outcome, Math.max(PUNCTUAL_WITHIN, 2 * Math.max(...ticks))),
    {
      promise: 'the digest covers all articles',
      kept: digest.articles === expected,
      found: `${digest.articles} articles, ${digest.headlines} headlines, ${digest.lookAlikes} groups of look-alikes`,
    },
    {
      promise: 'finished steps were resumed, not repeated',
      kept: resumed.attempts.archive < resumed.attempts.verify,
      found: `archived in attempt ${resumed.attempts.archive}, verified in attempt ${resumed.attempts.verify}`,
    },
    {
      promise: 'the backup was read back and is whole',
      kept: last.entries >= expected * Object.keys(indexed).length,
      found: `${last.entries} documents, sha256 ${last.sha256.slice(0, 16)}…`,
    },
    { promise: 'old backups were removed', kept: last.pruned.length > 0, found: `${last.pruned.length} removed` },
    { promise: 'schedules ticked', kept: ticks.length >= 3, found: `${ticks.length} ticks` },
    {
      promise: 'starts followed the weights while all queues were busy',
      kept:
        shares.starts >= ENOUGH_STARTS &&
        shares.queues.every(({ share, fairShare }) => Math.abs(share - fairShare) <= FAIR_WITHIN),
      found: `${shares.starts} starts in ${shares.seconds.toFixed(1)} s`,
    },
  ];
}

function publicationCheck({ publication: { at, until, entry } }: Outcome, within: number): Check {
  const published = lateness(entry?.publishedAt, at);
  const expired = lateness(entry?.expiredAt, until);
  return {
    promise: 'an article was published and expired at its times',
    kept: [published, expired].every((ms) => ms >= 0 && ms < within),
    found: `published ${published} ms after its time, expired ${expired} ms after its time`,
  };
}

function lateness(when: string | undefined, planned: Date): number {
  return when === undefined ? Infinity : new Date(when).getTime() - planned.getTime();
}
