/** Answers that are handed out together. */
const TOGETHER = 2;

/**
 * Hands out answers that came in one packet one after the other.
 *
 * Else all jobs of a packet would take every step side by side, and tell the store of their ends in the same moment: it would
 * idle until then, and we while it answers. So the first are on their way before the next are even read. It delays a job by
 * the time in which others' code runs anyway.
 */
export class AnswerTurns {
  private waiting: (() => void)[] = [];
  private isGoing = false;

  /** Calls `handOut` when it is its turn. */
  add(handOut: () => void): void {
    this.waiting.push(handOut);
    if (this.isGoing) return;
    this.isGoing = true;
    process.nextTick(this.go);
  }

  private readonly go = (): void => {
    if (this.waiting.length === 0) {
      this.isGoing = false;
      return;
    }
    for (const handOut of this.waiting.splice(0, TOGETHER)) handOut();
    queueMicrotask(this.goAgain);
  };

  /** Ticks that are asked for by a microtask come when all microtasks are done. */
  private readonly goAgain = (): void => process.nextTick(this.go);
}
