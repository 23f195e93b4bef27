const MINUTE = 60_000;

/** Finished jobs, in all and per minute, the newest minute first. */
export class MinuteMetrics {
  private count = 0;
  private lastAt: number | undefined;
  private lastCount = 0;
  private points: number[] = [];

  /** @param keep minutes to keep. */
  record(now: number, keep: number): void {
    const before = this.count++;
    if (this.lastAt === undefined) {
      this.lastAt = now;
      return;
    }
    const minutes = Math.min(Math.floor(now / MINUTE) - Math.floor(this.lastAt / MINUTE), keep);
    if (minutes <= 0) return;
    const points = Array.from({ length: minutes }, (_, index) => (index === 0 ? before - this.lastCount : 0));
    // Pushed one by one on the left, as BullMQ does: the newest is the last that was pushed.
    this.points = [...points.toReversed(), ...this.points].slice(0, keep);
    this.lastCount = before;
    this.lastAt = now;
  }

  clear(): void {
    this.count = 0;
    this.lastAt = undefined;
    this.lastCount = 0;
    this.points = [];
  }

  /** As BullMQ reads it: `[count, time of the last point, count then]`, the points from `start` to `stop`, how many. */
  read(start: number, stop: number): [string[], string[], number] {
    const end = stop < 0 ? this.points.length + stop + 1 : stop + 1;
    const begin = start < 0 ? Math.max(0, this.points.length + start) : start;
    const meta =
      this.count === 0
        ? ([null, null, null] as unknown as string[])
        : [String(this.count), String(this.lastAt), String(this.lastCount)];
    return [meta, this.points.slice(begin, Math.max(begin, end)).map(String), this.points.length];
  }
}
