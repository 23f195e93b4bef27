import type { StoredExecution } from '../../store/ports/execution-record.js';

/** A job that took its worker down this often is failed. */
const CRASHES_ALLOWED = 3;

/**
 * How many crashes an execution is failed at. BullMQ never forgets one: each time a poisoned job was failed and retried by
 * hand, it may crash as often again.
 */
export function poisonCap(stored: StoredExecution | undefined): number {
  const poisoned = stored?.attempts.filter((attempt) => attempt.error?.code === 'JOB_POISONED').length ?? 0;
  return CRASHES_ALLOWED * (1 + poisoned);
}
