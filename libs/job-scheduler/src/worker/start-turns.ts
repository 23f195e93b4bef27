/** Jobs that start together. */
const TOGETHER = 2;

/**
 * Lets jobs that were handed out in one answer start one after the other.
 *
 * Handlers that end at once would else take every step side by side, and all tell the store of their ends in the same
 * moment: it would idle until then, and we while it answers. So the first are on their way before the next begin. It delays
 * a job by the time in which others' code runs anyway.
 */
export class StartTurns {
  private waiting: (() => void)[] = [];
  private isGoing = false;

  /** Resolves when it is this job's turn. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.isGoing) return;
      this.isGoing = true;
      process.nextTick(this.go);
    });
  }

  private readonly go = (): void => {
    if (this.waiting.length === 0) {
      this.isGoing = false;
      return;
    }
    for (const start of this.waiting.splice(0, TOGETHER)) start();
    queueMicrotask(this.goAgain);
  };

  /** Ticks that are asked for by a microtask come when all microtasks are done. */
  private readonly goAgain = (): void => process.nextTick(this.go);
}
