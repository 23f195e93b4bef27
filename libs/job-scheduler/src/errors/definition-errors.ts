import { listFaults, type Fault } from './fault.js';
import { JobSchedulerError } from './job-scheduler-error.js';

function heading(subject: string, faults: readonly Fault[]): string {
  return `${faults.length === 1 ? 'There is a fault' : `There are ${faults.length} faults`} in ${subject}:\n${listFaults(faults)}`;
}

/** The module's options are wrong. Thrown at boot; `faults` holds all of them. */
export class OptionsError extends JobSchedulerError {
  readonly code = 'OPTIONS_INVALID';

  constructor(
    readonly faults: readonly Fault[],
    module = 'JobSchedulerModule',
  ) {
    super({ message: heading(`the options of ${module}`, faults), details: { faults } });
  }
}

/** Declared jobs are wrong. Thrown at boot, or by `register`; `faults` holds all faults of all jobs. */
export class JobDefinitionError extends JobSchedulerError {
  readonly code = 'JOB_DEFINITION_INVALID';

  constructor(readonly faults: readonly Fault[]) {
    super({ message: heading('the declared jobs', faults), details: { faults } });
  }
}

/** A schedule's text or time zone cannot be read. */
export class ScheduleError extends JobSchedulerError {
  readonly code = 'SCHEDULE_INVALID';

  constructor(field: 'schedule' | 'timezone' | 'duration', value: unknown, problem: string) {
    super({ message: problem, details: { field, value } });
  }
}
