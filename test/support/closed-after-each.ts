import { afterEach } from '@jest/globals';

/** A list for what a test opens: all that is in it is closed, and it is empty again, when the test ends. */
export function closedAfterEach<T extends { close(): unknown }>(): T[] {
  const opened: T[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });
  return opened;
}
