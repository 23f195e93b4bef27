/**
 * Where an execution is in its life.
 * - `pending`: waits for a slot, or for its time.
 * - `running`: its handler runs.
 * - `retrying`: an attempt failed; the next one waits for its backoff.
 * - `completed`, `failed` (for good), `skipped` (never ran; `reason` says why), `cancelled`: ended.
 */
export type JobStatus = 'pending' | 'running' | 'completed' | 'failed' | 'retrying' | 'skipped' | 'cancelled';

/** The statuses that an execution does not leave by itself. */
export type FinalStatus = Extract<JobStatus, 'completed' | 'failed' | 'skipped' | 'cancelled'>;

/** What made a run. */
export type JobTrigger = 'enqueue' | 'schedule' | 'catch-up' | 'manual' | 'on-fail';
