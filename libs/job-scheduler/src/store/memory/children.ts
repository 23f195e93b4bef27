/** The children of a flow's job, by what has become of them. Keys are `prefix:queue:id`. */
export class Children {
  /** Not finished. */
  readonly pending = new Set<string>();
  /** Completed, with what they returned as JSON. */
  readonly processed = new Map<string, string>();
  /** Failed, and the parent goes on without them: with the reason. */
  readonly ignored = new Map<string, string>();
  /** Failed, and so fail the parent: with the time. */
  readonly failed = new Map<string, number>();

  /** By time of failure, as Redis sorts. */
  failedKeys(): string[] {
    return [...this.failed].toSorted(([a, at], [b, bt]) => at - bt || (a < b ? -1 : 1)).map(([key]) => key);
  }
}
