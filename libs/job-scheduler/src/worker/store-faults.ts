/** What a store's error means, by BullMQ's and the drivers' codes. */
import { isStoreFault } from '../store/store-away.js';

/** BullMQ: the job is gone, or it is no longer ours (missing, no lock, not active, another's lock). */
const GONE = new Set<unknown>([-1, -2, -3, -6]);

/** PostgreSQL: the data itself is refused (bad value, broken constraint, too large), so that it will be refused again. */
const REFUSED_DATA = /^(?:22|23|54)[0-9A-Z]{3}$/;

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** Another worker has the job, or none has: nothing more can be stored of this run. */
export function isGone(error: unknown): boolean {
  return GONE.has(codeOf(error));
}

/** The store understood, and will give the same answer again. */
function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  if (typeof code === 'number') return code < 0 && !GONE.has(code);
  return typeof code === 'string' && REFUSED_DATA.test(code);
}

/** Of the code or the data, such as a value that cannot be written as JSON: it would be the same for ever. */
function isOwnFault(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    error instanceof ReferenceError
  );
}

/** A driver may throw one while it loses its connection. One that comes again is ours. */
const MOST_OWN_FAULTS = 2;
/** Errors that are known neither as the store's nor as ours: a minute, as the work is done, and may still be stored. */
const MOST_OTHERS = 60;

/** How long one call is repeated: for as long as its errors are the store's. */
export class RetryLimit {
  private ownFaults = 0;
  private others = 0;

  /** Whether an error means that the call will never do. */
  isReachedBy(error: unknown): boolean {
    if (isRefusal(error)) return true;
    if (isStoreFault(error) || isGone(error)) return false;
    return isOwnFault(error) ? ++this.ownFaults >= MOST_OWN_FAULTS : ++this.others >= MOST_OTHERS;
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
