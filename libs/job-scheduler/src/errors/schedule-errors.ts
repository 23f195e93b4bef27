import { didYouMean, quoted } from './did-you-mean.js';
import type { ErrorCode } from './error-codes.js';
import { JobSchedulerError } from './job-scheduler-error.js';

/** One thing wrong with what a schedule was to be. */
export interface ScheduleIssue {
  /** The input's field: `cron`, `timezone`, `payload`. */
  readonly field: string;
  /** What stands there. */
  readonly value: unknown;
  /** What is wrong with it, with the value, and what is allowed. */
  readonly message: string;
  /** `SCHEDULE_INVALID`, `JOB_UNKNOWN`, `PAYLOAD_INVALID` or `PAYLOAD_TOO_LARGE`. */
  readonly code: ErrorCode;
  /** Where in the value, `items[2].when`, and what: as far as the job's schema says it of a payload. */
  readonly parts?: readonly { readonly path: string; readonly message: string }[];
}

/** What `ScheduleService` was given is wrong; `issues` holds all of it. Nothing was stored. */
export class ScheduleInputError extends JobSchedulerError {
  readonly code = 'SCHEDULE_INVALID';

  constructor(readonly issues: readonly ScheduleIssue[]) {
    const list = issues.map(({ field, message }) => `  - ${field}: ${message}`).join('\n');
    super({
      message: `${issues.length === 1 ? 'There is a fault' : `There are ${issues.length} faults`} in the schedule:\n${list}`,
      details: { issues },
    });
  }
}

/** No schedule of this id is stored. */
export class ScheduleUnknownError extends JobSchedulerError {
  readonly code = 'SCHEDULE_UNKNOWN';

  constructor(id: string, known: readonly string[]) {
    super({ message: `There is no schedule ${quoted(id)}.${didYouMean(id, known, 'Known')}`, details: { id } });
  }
}

/** A schedule of this id is stored already. Nothing was stored. */
export class ScheduleExistsError extends JobSchedulerError {
  readonly code = 'SCHEDULE_EXISTS';

  constructor(id: string) {
    super({
      message: `There is a schedule ${quoted(id)} already. Change it with update, or choose another id.`,
      details: { id },
    });
  }
}

/** The schedule belongs to the code that declares it: only enabling, disabling and running it are allowed. */
export class ScheduleOwnedError extends JobSchedulerError {
  readonly code = 'SCHEDULE_OWNED';

  constructor(id: string, action: string) {
    super({
      message: `Schedule ${quoted(id)} is declared in code and cannot be ${action} here: change its job's declaration. Allowed: enable, disable and runNow.`,
      details: { id, action },
    });
  }
}

/** The execution is the next fire of a BullMQ job scheduler, which cannot do without it. */
export class FireOwnedError extends JobSchedulerError {
  readonly code = 'SCHEDULE_OWNED';

  constructor(id: string, queue: string) {
    super({
      message: `Execution ${quoted(id)} is the next fire of a BullMQ job scheduler of queue ${quoted(queue)}, and cannot be cancelled alone: remove or change that scheduler.`,
      details: { id, queue },
    });
  }
}

/** The schedule is of another version than the one that was expected: somebody has changed it meanwhile. */
export class ScheduleConflictError extends JobSchedulerError {
  readonly code = 'SCHEDULE_CONFLICT';

  constructor(id: string, expected: number | undefined, actual: number | undefined) {
    super({
      message: `Schedule ${quoted(id)} is of version ${actual ?? 'unknown'}${expected === undefined ? '' : `, not ${expected}`}: it was changed meanwhile. Read it again, then repeat the change.`,
      details: { id, expected, actual },
    });
  }
}
