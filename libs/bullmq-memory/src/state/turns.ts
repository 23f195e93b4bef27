import { setImmediate } from 'node:timers';

/** Answers between two looks at the rest of the process. */
const ANSWERS = 64;

/**
 * Lets timers and sockets have their turn. Nothing here waits for input or output, so that workers that are always busy
 * would never leave the microtask queue. Not by the clock: this must also work while timers are faked.
 */
export class Turns {
  private answers = 0;
  private pause: Promise<void> | undefined;

  /** To be awaited before an answer is given. Undefined: no need to. */
  next(): Promise<void> | undefined {
    if (this.pause || ++this.answers < ANSWERS) return this.pause;
    return (this.pause = new Promise((resolve) => {
      setImmediate(() => {
        this.answers = 0;
        this.pause = undefined;
        resolve();
      });
    }));
  }
}
