import { JobSchedulerError } from './job-scheduler-error.js';

/** A list of executions was asked for in a way that it cannot be: nothing was read. */
export class HistoryQueryError extends JobSchedulerError {
  readonly code = 'HISTORY_QUERY_INVALID';

  constructor(field: string, value: unknown, message: string) {
    super({ message, details: { field, value } });
  }
}
