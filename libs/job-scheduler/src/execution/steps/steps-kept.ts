import { JobLockLostError } from '../../errors/outcome-errors.js';
import type { StepRecord } from '../../store/ports/execution-record.js';
import { keepSteps } from '../../store/codecs/kept-steps.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { Outcome } from '../outcome/outcome.js';
import type { JobReports } from '../running-job.js';

/** A job that fails for good takes its steps along: a retry does not run them again, whatever became of its record. */
export function withStepsKept(
  outcome: Outcome,
  started: QueuedExecution,
  steps: readonly StepRecord[],
  reports: JobReports,
): Outcome {
  // All that stands with the job has been recorded again.
  if (outcome.kind !== 'failed' || steps.length <= (started.keptSteps?.length ?? 0)) return outcome;
  const { payload, payloadJson = JSON.stringify(payload) } = started;
  return { ...outcome, beforeRecord: () => reports.keep(keepSteps(steps, payloadJson)) };
}

/**
 * Records what stands with a job and is recorded no more.
 * @returns all recorded steps.
 * @throws JobLockLostError
 */
export async function withStepsRestored(
  { id, keptSteps = [] }: QueuedExecution,
  recorded: readonly StepRecord[],
  record: (step: StepRecord) => Promise<boolean>,
): Promise<readonly StepRecord[]> {
  const lost = keptSteps.filter(({ name }) => recorded.every((step) => step.name !== name));
  for (const step of lost) if (!(await record(step))) throw new JobLockLostError(id);
  return lost.length === 0 ? recorded : [...lost, ...recorded];
}
