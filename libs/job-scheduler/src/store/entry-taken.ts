import { ErrorCode } from 'bullmq';

const TAKEN: readonly unknown[] = [ErrorCode.SchedulerJobIdCollision, ErrorCode.SchedulerJobSlotsBusy];

/** Whether another process wrote the same entry of a job scheduler at the same moment. */
export function isEntryTaken(error: unknown): boolean {
  return TAKEN.includes((error as { code?: unknown } | null)?.code);
}
