import type { StreamReadRaw } from 'bullmq';
import type { MemoryQueue } from '../state/memory-queue.js';

/** The blocking reads of one backend, which end when they have an answer, time out, or are interrupted. */
export class Waits {
  private readonly cancels = new Set<() => void>();
  private readonly seen = { work: 0, later: 0 };

  constructor(private readonly queue: MemoryQueue) {}

  /** Waits for a sign that there may be work. `null` after `seconds`. */
  forJob(seconds: number): Promise<{ member: string; score: number } | null> {
    const { marks } = this.queue;
    return this.until(
      () => marks.news(this.seen),
      (wake) => marks.listen(wake),
      seconds * 1_000,
    );
  }

  /** Waits for events after the one of that id. `null` after `ms`; 0: as long as it takes. */
  forEvents(id: string, ms: number): Promise<StreamReadRaw> {
    const { events } = this.queue;
    const cursor = events.cursor(id);
    return this.until(
      () => {
        const entries = events.after(cursor);
        return entries.length > 0 ? [[`${this.queue.key}:events`, entries]] : undefined;
      },
      (wake) => events.listen(wake),
      ms > 0 ? ms : Infinity,
    );
  }

  interrupt(): void {
    for (const cancel of this.cancels) cancel();
  }

  private async until<T>(
    look: () => T | undefined,
    listen: (wake: () => void) => () => void,
    ms: number,
  ): Promise<T | null> {
    const answer = look();
    if (answer !== undefined || ms <= 0) return answer ?? null;
    return new Promise((resolve) => {
      const end = (value: T | null) => {
        stop();
        timer?.cancel();
        this.cancels.delete(cancel);
        resolve(value);
      };
      const cancel = () => end(null);
      const stop = listen(() => {
        const found = look();
        if (found !== undefined) end(found);
      });
      const timer = ms === Infinity ? undefined : this.queue.clock.after(ms, cancel);
      this.cancels.add(cancel);
    });
  }
}
