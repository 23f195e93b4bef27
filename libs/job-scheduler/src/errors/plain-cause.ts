import { redact } from './redact.js';

/** Of errors in errors. */
const DEEPEST = 5;

/**
 * What a driver threw, as text alone. Drivers hang the command that failed on their errors, and the command that failed may
 * be the one with the password.
 */
export function plainCause(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? redact(thrown) : undefined;
  const cause = depth < DEEPEST ? plainCause(thrown.cause, depth + 1) : undefined;
  const plain: Error & { code?: unknown } = new Error(redact(thrown.message), cause === undefined ? {} : { cause });
  plain.name = thrown.name;
  if (thrown.stack !== undefined) plain.stack = redact(thrown.stack);
  const { code } = thrown as { code?: unknown };
  if (typeof code === 'string' || typeof code === 'number') plain.code = code;
  return plain;
}
