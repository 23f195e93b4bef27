import { Job } from 'bullmq';
import type { EngineQueue } from './ports/ports.js';

type QueuedJob = NonNullable<Awaited<ReturnType<EngineQueue['getJob']>>>;

/** A job of a queue. One whose data is no JSON, as somebody else has changed it, is read without: it is there, and has a state. */
export async function readJob(queue: EngineQueue, jobId: string): Promise<QueuedJob | undefined> {
  try {
    return (await queue.getJob(jobId)) ?? undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const json = await queue.getBackend().getJobData(jobId);
    if (!json) return undefined;
    const { returnvalue: _, ...rest } = json;
    return Job.fromJSON(queue, { ...rest, data: '{}' } as typeof json, jobId);
  }
}

/** BullMQ: the job is missing; it is not delayed. */
const NOT_DELAYED = new Set<unknown>([-1, -3]);

/** Whether BullMQ refused to promote a job for that. */
export function isNotDelayed(error: unknown): boolean {
  return NOT_DELAYED.has((error as { code?: unknown }).code);
}
