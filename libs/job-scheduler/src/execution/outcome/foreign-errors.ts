import { JobSchedulerError } from '../../errors/job-scheduler-error.js';
import { JobAbortError, JobCancelError, JobRefusedError, JobSnoozeError } from '../../errors/outcome-errors.js';

/** BullMQ's errors do not say for how long the job is put off. */
const A_WHILE = 1_000;

type Fields = Readonly<Record<string, unknown>>;
type Maker = (error: Fields, message: string) => Error;

/** Errors of another copy of this package, by their code. */
const BY_CODE = new Map<unknown, Maker>([
  ['JOB_ABORTED', (error, message) => new JobAbortError(message, { cause: error })],
  ['JOB_REFUSED', (error, message) => new JobRefusedError(message, error)],
  ['JOB_SNOOZED', ({ delay }) => new JobSnoozeError(delay as number | string)],
  ['JOB_CANCELLED', ({ reason }, message) => new JobCancelError(typeof reason === 'string' ? reason : message)],
]);

const snoozed = () => new JobSnoozeError(A_WHILE);

/** BullMQ's, by their name: code that was written for its processors goes on to mean what it says. */
const BY_NAME = new Map<unknown, Maker>([
  ['UnrecoverableError', (error, message) => new JobAbortError(message, { cause: error })],
  ['DelayedError', snoozed],
  ['RateLimitError', snoozed],
  ['WaitingError', snoozed],
  ['WaitingChildrenError', snoozed],
]);

/**
 * The error of ours that a handler means when it throws one of another copy of this package (a monorepo may install two),
 * or one of BullMQ's. Anything else as it is. Never throws.
 */
export function steeringOf<T>(thrown: T): T | Error {
  if (!(thrown instanceof Error) || thrown instanceof JobSchedulerError) return thrown;
  try {
    const fields = thrown as unknown as Fields;
    const make = (isOfCopy(fields) && BY_CODE.get(fields['code'])) || BY_NAME.get(fields['name']);
    return make ? make(fields, thrown.message) : thrown;
  } catch {
    return thrown;
  }
}

/** Not the end of another execution, which `finished()` tells with codes of its own and one of these. */
function isOfCopy({ details, id }: Fields): boolean {
  return typeof details === 'object' && details !== null && id === undefined;
}
