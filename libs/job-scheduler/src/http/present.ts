import { Inject, Injectable } from '@nestjs/common';
import type { JobEvent } from '../definition/job-event.js';
import type { DeadLetter } from '../service/dead-letters/dead-letter.js';
import type {
  ExecutionAttempt,
  ExecutionError,
  ExecutionStep,
  JobExecution,
} from '../service/history/job-execution.js';
import type { JobStats } from '../service/history/job-stats.js';
import { type ResolvedHttpOptions, HTTP_OPTIONS } from './http-options.js';
import { redact } from '../errors/redact.js';

/**
 * What the API tells of executions: all of it but stacks and connection strings, which errors of drivers have in their
 * messages. With `exposeErrors` those, too.
 */
@Injectable()
export class Presenter {
  private readonly exposeErrors: boolean;

  constructor(@Inject(HTTP_OPTIONS) { exposeErrors }: ResolvedHttpOptions) {
    this.exposeErrors = exposeErrors;
  }

  execution(execution: JobExecution): JobExecution {
    if (this.exposeErrors) return execution;
    const { error, attempts, steps } = execution;
    return {
      ...execution,
      ...(error && { error: withoutSecrets(error) }),
      attempts: attempts.map(withoutStack),
      steps: steps.map(withoutStepSecrets),
    };
  }

  stats(stats: JobStats): JobStats {
    if (this.exposeErrors || !stats.lastError) return stats;
    return { ...stats, lastError: withoutSecrets(stats.lastError) };
  }

  event(event: JobEvent): JobEvent {
    if (this.exposeErrors || !('error' in event)) return event;
    return { ...event, error: withoutSecrets(event.error) };
  }

  deadLetter(letter: DeadLetter): DeadLetter {
    if (this.exposeErrors) return letter;
    return { ...letter, error: { message: redact(letter.error.message) } };
  }
}

function withoutSecrets(error: ExecutionError): ExecutionError {
  return { ...error, message: redact(error.message) };
}

function withoutStack({ stack: _, error, ...attempt }: ExecutionAttempt): ExecutionAttempt {
  return { ...attempt, ...(error && { error: withoutSecrets(error) }) };
}

function withoutStepSecrets({ error, ...step }: ExecutionStep): ExecutionStep {
  return { ...step, ...(error && { error: withoutSecrets(error) }) };
}
