/** What values of options look like, where types cannot be trusted: JavaScript and configuration files write them, too. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JobContract, JobRef } from '../definition/job-ref.js';

export const NAME_RULE =
  'Allowed: a text of 1 to 256 characters, without control characters and without spaces at its ends.';

const UNUSABLE = /[\p{Control}\p{Surrogate}]/u;

/** Whether it can name a job or a step. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= 256 &&
    value.trim() === value &&
    !UNUSABLE.test(value)
  );
}

export function isSchema(value: unknown): value is StandardSchemaV1 {
  // ArkType's schemas are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchemaV1>)['~standard'];
  return typeof standard === 'object' && standard !== null && typeof standard.validate === 'function';
}

export function isJobRef(value: unknown): value is JobRef {
  if (typeof value === 'string' || typeof value === 'function') return true;
  if (Array.isArray(value)) return typeof value[0] === 'function' && typeof value[1] === 'string';
  return isContract(value);
}

export function isContract(value: unknown): value is JobContract {
  return typeof value === 'object' && value !== null && 'jobName' in value && typeof value.jobName === 'string';
}
