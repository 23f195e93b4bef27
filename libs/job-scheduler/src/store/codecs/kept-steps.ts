import type { StepRecord } from '../ports/execution-record.js';

/**
 * The steps of a job that has failed for good stand with the job itself, in its data: whatever becomes of its record, they are
 * there as long as it can be retried, by whatever means. Both are JSON texts, which no store changes.
 */
export const KEPT_STEPS = 'njsSteps';
const KEPT_PAYLOAD = 'njsPayload';

/** What stood with a job. */
export interface KeptSteps {
  readonly steps: readonly StepRecord[];
  /** Absent: there is no payload. */
  readonly payloadJson: string | undefined;
}

/** @returns what is to stand in place of the job's data. */
export function keepSteps(steps: readonly StepRecord[], payloadJson: string | undefined): object {
  return { [KEPT_STEPS]: JSON.stringify(steps), [KEPT_PAYLOAD]: payloadJson };
}

/** Undefined for data that is the payload itself. */
export function readKeptSteps(data: unknown): KeptSteps | undefined {
  if (typeof data !== 'object' || data === null || !(KEPT_STEPS in data)) return undefined;
  const { [KEPT_STEPS]: text, [KEPT_PAYLOAD]: payloadJson } = data as Record<string, unknown>;
  if (typeof text !== 'string' || (payloadJson !== undefined && typeof payloadJson !== 'string')) return undefined;
  try {
    const steps: unknown = JSON.parse(text);
    return Array.isArray(steps) ? { steps: steps as StepRecord[], payloadJson } : undefined;
  } catch {
    return undefined;
  }
}
