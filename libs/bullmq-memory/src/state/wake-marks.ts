/**
 * Tells waiting workers that there may be work. Unlike Redis's marker, which one worker takes, each waiter learns of each
 * mark once, also when it was not waiting at that moment: so none is lost, whoever makes use of it.
 */
export class WakeMarks {
  private readonly listeners = new Set<() => void>();
  /** Counts marks for work now, and for work later. */
  private work = 0;
  private later = 0;
  private nextDue: number | undefined;
  /** Marks up to these have been taken back. */
  private revoked = { work: 0, later: 0 };

  /** A job can be taken now. */
  markWork(): void {
    this.work++;
    this.tell();
  }

  /** The next delayed job is due then. */
  markDue(at: number): void {
    if (at === this.nextDue) return;
    this.nextDue = at;
    this.later++;
    this.tell();
  }

  /** A due time that was told is past, so that the same one would be news. */
  forgetDue(): void {
    this.nextDue = undefined;
  }

  /** The queue was paused: what has not been learnt is not worth learning. */
  revoke(): void {
    this.revoked = { work: this.work, later: this.later };
    this.nextDue = undefined;
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What a waiter that has seen that much has still to learn. It has seen it then. */
  news(seen: SeenMarks): { member: string; score: number } | undefined {
    if (this.work > Math.max(seen.work, this.revoked.work)) {
      seen.work = this.work;
      return { member: '0', score: 0 };
    }
    if (this.later > Math.max(seen.later, this.revoked.later)) {
      seen.later = this.later;
      if (this.nextDue !== undefined) return { member: '1', score: this.nextDue };
    }
    return undefined;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** How many marks a waiter has seen. */
export interface SeenMarks {
  work: number;
  later: number;
}
