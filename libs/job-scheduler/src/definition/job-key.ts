import { JobKeyError } from '../errors/payload-errors.js';
import { describeThrown } from '../common/describe-error.js';
import { inspectShort } from '../common/inspect-short.js';

/** What `overlap.key` or `unique.key` gives for a payload; undefined: there is no such function. @throws JobKeyError */
export function jobKey(
  job: string,
  option: 'overlap' | 'unique',
  key: ((payload: never) => string) | undefined,
  payload: unknown,
): string | undefined {
  if (!key) return undefined;
  let given: unknown;
  try {
    given = key(payload as never);
  } catch (thrown) {
    const error = describeThrown(thrown);
    throw new JobKeyError(job, option, `threw: ${error.message}`, error);
  }
  // An async function: its rejection would go unheard.
  if (given instanceof Promise) given.catch(() => undefined);
  if (typeof given !== 'string') throw new JobKeyError(job, option, `gave ${inspectShort(given)}`);
  return given;
}
