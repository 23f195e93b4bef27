import { didYouMean, quoted } from './did-you-mean.js';
import { JobSchedulerError } from './job-scheduler-error.js';

/** No job of this name is registered in this process. */
export class JobUnknownError extends JobSchedulerError {
  readonly code = 'JOB_UNKNOWN';

  /** @param problem instead of the usual text, where more is known than that the name is not. */
  constructor(job: string, known: readonly string[], problem?: string) {
    super({
      message: problem ?? `No job ${quoted(job)} is registered.${didYouMean(job, known, 'Registered')}`,
      details: { job, known },
    });
  }
}

/** No queue of this name is configured. */
export class QueueUnknownError extends JobSchedulerError {
  readonly code = 'QUEUE_UNKNOWN';

  constructor(queue: string, known: readonly string[]) {
    super({
      message: `Queue ${quoted(queue)} is not configured.${didYouMean(queue, known, 'Configured')}`,
      details: { queue, known },
    });
  }
}

/** `ctx.result(step)` named a step that has no recorded result. */
export class StepUnknownError extends JobSchedulerError {
  readonly code = 'STEP_UNKNOWN';

  constructor(step: string, known: readonly string[]) {
    super({
      message: `Step ${quoted(step)} has no result in this run.${didYouMean(step, known, 'Finished steps')}`,
      details: { step, known },
    });
  }
}

/** Two steps of one run have the same name, so that the second would be given the first one's result. */
export class StepRepeatedError extends JobSchedulerError {
  readonly code = 'STEP_REPEATED';

  constructor(step: string) {
    super({
      message: `Step ${quoted(step)} ran twice in one attempt. Step names are unique in a job: add what differs to the name.`,
      details: { step },
    });
  }
}

/** No execution of this id is in the store: it never was, or its record has expired. */
export class ExecutionUnknownError extends JobSchedulerError {
  readonly code = 'EXECUTION_UNKNOWN';

  constructor(id: string) {
    super({
      message: `No execution ${quoted(id)} is known: the id is wrong, or its record has expired.`,
      details: { id },
    });
  }
}

/** `retry(id)` of an execution that did not fail. */
export class ExecutionNotFailedError extends JobSchedulerError {
  readonly code = 'EXECUTION_NOT_FAILED';

  constructor(id: string, status: string) {
    super({
      message: `Execution ${quoted(id)} is ${status}. Only a failed one can be retried.`,
      details: { id, status },
    });
  }
}

/** `promote(id)` of an execution that does not wait for its time. */
export class ExecutionNotDelayedError extends JobSchedulerError {
  readonly code = 'EXECUTION_NOT_DELAYED';

  constructor(id: string, status: string) {
    super({
      message: `Execution ${quoted(id)} is ${status}, and does not wait for its time. Only a delayed one, or one that waits for its retry, can be promoted.`,
      details: { id, status },
    });
  }
}

/** An execution that has ended cannot be cancelled any more. */
export class ExecutionEndedError extends JobSchedulerError {
  readonly code = 'EXECUTION_ENDED';

  constructor(id: string, status: string) {
    super({ message: `Execution ${quoted(id)} has ended as ${status}.`, details: { id, status } });
  }
}
