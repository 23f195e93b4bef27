/** Runs at most `most` at once, the others after them in the order of the calls. */
export function atMost(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most;
  let waiting: (() => void)[] = [];
  let next = 0;

  function leave(): void {
    const first = waiting[next];
    if (!first) {
      waiting = [];
      next = 0;
      free += 1;
      return;
    }
    next += 1;
    if (next > waiting.length / 2 && next > 1_000) {
      waiting = waiting.slice(next);
      next = 0;
    }
    first();
  }

  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
