/** The error that some work ends with, and how long it took to come, in milliseconds. */
export async function refusal(work: Promise<unknown>): Promise<{ error: Error & { code?: string }; after: number }> {
  const start = performance.now();
  const error = await work.then(
    () => new Error('it was not refused'),
    (reason: Error) => reason,
  );
  return { error, after: performance.now() - start };
}
