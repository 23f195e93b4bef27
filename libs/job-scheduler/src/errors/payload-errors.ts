import { JobSchedulerError } from './job-scheduler-error.js';

/** The payload is not JSON, or its job's schema refuses it. Nothing was stored. */
export class PayloadInvalidError extends JobSchedulerError {
  readonly code = 'PAYLOAD_INVALID';

  constructor(
    job: string,
    problem: string,
    /** What the job's schema says, where it was that which refused. */
    readonly issues: readonly { readonly path: string; readonly message: string }[] = [],
  ) {
    const list = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
    super({ message: `The payload of job "${job}" ${problem}${list && `: ${list}`}`, details: { job, issues } });
  }
}

/** The payload's JSON is over `maxPayload` bytes. Nothing was stored. */
export class PayloadTooLargeError extends JobSchedulerError {
  readonly code = 'PAYLOAD_TOO_LARGE';

  constructor(job: string, bytes: number, limit: number) {
    super({
      message: `The payload of job "${job}" has ${bytes} bytes; maxPayload is ${limit}. Store the data elsewhere and enqueue a reference.`,
      details: { job, bytes, limit },
    });
  }
}

/** The key function of a job's `overlap` or `unique` threw, or gave no text. Nothing was stored, or the run fails without retry. */
export class JobKeyError extends JobSchedulerError {
  readonly code = 'JOB_KEY_INVALID';

  /** @param problem ends the sentence: `threw: …`, `gave 5`. */
  constructor(job: string, option: 'overlap' | 'unique', problem: string, cause?: unknown) {
    super({
      message: `${option}.key of job "${job}" ${problem}. It is to give a text for every payload.`,
      details: { job, option },
      cause,
    });
  }
}

/** What a handler or step returned is not JSON. The attempt fails without retry: it would return the same again. */
export class ResultInvalidError extends JobSchedulerError {
  readonly code = 'RESULT_INVALID';

  constructor(of: string, problem: string) {
    super({ message: `The result of ${of} ${problem}. Return plain JSON, or nothing.`, details: { of } });
  }
}

/** Options of `enqueue` are wrong. Nothing was stored. */
export class EnqueueOptionsError extends JobSchedulerError {
  readonly code = 'ENQUEUE_INVALID';

  constructor(field: string, value: unknown, problem: string) {
    super({ message: problem, details: { field, value } });
  }
}
