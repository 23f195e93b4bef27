import type { ErrorCode } from './error-codes.js';

/** What an error of this library is made of. */
export interface ErrorFields {
  /** What went wrong and what to do about it, for a person. */
  message: string;
  /** The values behind the message, for a program. */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** Base of every error that this library throws. Branch on `code`, not on the message. */
export abstract class JobSchedulerError extends Error {
  abstract readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = new.target.name;
    this.details = Object.freeze({ ...fields.details });
  }
}
