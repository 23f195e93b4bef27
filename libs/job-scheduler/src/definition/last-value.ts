import { Observable, from, isObservable, lastValueFrom, takeUntil } from 'rxjs';

/**
 * What a handler gave, awaited. An Observable is subscribed: its last value is the result (undefined when there is none), and
 * its error is thrown. Once the signal fires it is unsubscribed, and the signal's reason is thrown.
 * @param run whose signal it is; read only for an Observable.
 */
export async function lastValueOf(given: unknown, run?: { readonly signal: AbortSignal }): Promise<unknown> {
  const value = await given;
  if (!isObservable(value)) return value;
  const source = run ? from(value).pipe(takeUntil(abortOf(run.signal))) : value;
  return lastValueFrom(source, { defaultValue: undefined });
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
