/** Answers that go out together. */
const TOGETHER = 2;

/**
 * Hands out answers that came in one packet one after the other.
 *
 * Otherwise all jobs of a packet would take every step side by side and end in the same moment: the store would be idle until
 * then, and this process while the store answers. So the first jobs are on their way before the next are read. A job is late
 * only by the time in which the code of others runs anyway.
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

  /** A tick that a microtask asks for comes when all microtasks are done. */
  private readonly goAgain = (): void => process.nextTick(this.go);
}
