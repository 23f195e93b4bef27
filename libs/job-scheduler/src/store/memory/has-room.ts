import type { KeptQueue, JobEntry } from '#bullmq-memory/extend';

/**
 * Whether jobs can be added so that at most `limit` wait then. Jobs for later need no room, nor do those that are not
 * added, since their id is known or their deduplication id is held.
 */
export function hasRoom(queue: KeptQueue, jobs: readonly JobEntry[], limit: number): boolean {
  const seen = new Set<string>();
  let added = 0;
  for (const { job, jobId } of jobs) {
    const { delay = 0, deduplication } = job.opts;
    const heldId = deduplication?.id;
    let isKnown = jobId !== '' && (seen.has(`id ${jobId}`) || queue.job(jobId) !== undefined);
    if (!isKnown && heldId) {
      isKnown = seen.has(`held ${heldId}`) || queue.isDeduplicated(heldId);
      seen.add(`held ${heldId}`);
    }
    seen.add(`id ${jobId}`);
    if (!isKnown && delay <= 0) added++;
  }
  return added === 0 || queue.waiting + added <= limit;
}
