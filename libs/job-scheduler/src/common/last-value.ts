import { Observable, from, isObservable, lastValueFrom, takeUntil } from 'rxjs';
import { JobAbortError } from '../errors/outcome-errors.js';

/**
 * What a handler gave, awaited. An Observable is subscribed: its last value is the result (undefined when there is none), and
 * its error is thrown. Once the signal fires it is unsubscribed, and the signal's reason is thrown.
 * @param run whose signal it is; read only for an Observable.
 * @throws JobAbortError for a generator: nothing of its work has been done, and nothing would be the next time.
 */
export async function lastValueOf(given: unknown, run?: { readonly signal: AbortSignal }): Promise<unknown> {
  const value = await given;
  if (isGenerator(value)) throw new JobAbortError(GENERATOR);
  if (!isObservable(value)) return value;
  const source = run ? from(value).pipe(takeUntil(abortOf(run.signal))) : value;
  return lastValueFrom(source, { defaultValue: undefined });
}

const GENERATOR =
  'The handler is a generator, which runs only while somebody reads it. Make it a plain or an async function: without the *.';

function isGenerator(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tag: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return tag === 'AsyncGenerator' || tag === 'Generator';
}

/** Fails with the signal's reason, at once if it has fired already. */
function abortOf(signal: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const fail = () => subscriber.error(signal.reason);
    if (signal.aborted) return fail();
    signal.addEventListener('abort', fail, { once: true });
    return () => signal.removeEventListener('abort', fail);
  });
}
