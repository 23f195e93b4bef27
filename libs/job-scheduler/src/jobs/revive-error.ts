import type { ErrorRecord } from '../store/ports/execution-record.js';

/** An error again, from what was stored of it. */
export function reviveError(record: ErrorRecord | undefined): Error {
  const error = new Error(record?.message ?? 'No error was recorded');
  if (record) {
    error.name = record.name;
    if (record.stack !== undefined) error.stack = record.stack;
    if (record.code !== undefined) Object.assign(error, { code: record.code });
  }
  return error;
}
