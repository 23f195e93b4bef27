/** One of another realm, or of a polyfill, too. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return typeof (value as Partial<AbortSignal> | null | undefined)?.throwIfAborted === 'function';
}
