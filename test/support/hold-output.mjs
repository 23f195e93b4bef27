/** Keeps back what is written to standard output and standard error. */
const MOST = 200_000;

/** `release(true)` writes what was kept back, `release(false)` drops it. `TEST_OUTPUT=1` lets everything through at once. */
export function holdOutput() {
  if (process.env.TEST_OUTPUT) return { release: () => undefined };
  const streams = [process.stdout, process.stderr].map((stream) => ({
    stream,
    // oxlint-disable-next-line typescript/unbound-method -- Put back where it was.
    write: stream.write,
  }));
  let held = '';
  for (const { stream } of streams)
    stream.write = (chunk, encoding, done) => {
      if (held.length < MOST) held += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback) process.nextTick(callback);
      return true;
    };
  return {
    release(show) {
      for (const { stream, write } of streams) stream.write = write;
      if (show && held) process.stdout.write(`Written by a file that failed:\n${held}\n`);
      held = '';
    },
  };
}
