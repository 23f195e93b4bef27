import type { Clock } from './clock.js';

/** Whether `work` was done in time. It goes on if it was not. Rejections count as done. */
export async function settlesWithin(work: Promise<unknown>, clock: Clock, ms: number): Promise<boolean> {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(() => false);
  const isDone = await Promise.race([settled(work), late]);
  done.abort();
  return isDone;
}

async function settled(work: Promise<unknown>): Promise<true> {
  await work.catch(() => undefined);
  return true;
}

/** For what a handler may start without awaiting it: its failure is for those who await it, and ends no process. */
export function floating<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
