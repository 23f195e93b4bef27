import { executionId, type JobToAdd, type QueuedJob } from '../store/codecs/job-envelope.js';

/** What was enqueued, or was known already. */
export interface Enqueued {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly duplicate: boolean;
}

/** What BullMQ gives of a job that was added: for one that was not, since another has its key, that one's id. */
type AddedJob = Pick<QueuedJob, 'id'>;

export function toEnqueued({ id, job, queue, unique }: JobToAdd, added: AddedJob): Enqueued {
  const stored = unique ? executionId(added, queue) : id;
  return { id: stored, job, queue, duplicate: stored !== id };
}
