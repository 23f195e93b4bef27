/** For what a handler may start without awaiting it: its failure is for those who await it, and ends no process. */
export function floating<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
