import type { ExecutionWrite } from '../store/ports/execution-record.js';
import type { ExecutionStore } from '../store/ports/ports.js';

/** A write, and what becomes of the answer to it. */
export interface BatchEntry {
  readonly write: ExecutionWrite;
  /** The store's answer: `false` when the execution belongs to a newer run, or has ended. */
  onAnswer(owned: boolean): void;
  /** The store failed. */
  onFailure(error: unknown): void;
}

/**
 * The most records in one write. Half of the slots by default: the store works on these while the other half is made ready.
 * All in one write would make the two alternate.
 */
const LARGEST_BATCH = 5;

/** Sends the records of jobs that end in the same turn of the event loop as one write. */
export class RecordBatch {
  private entries: BatchEntry[] = [];
  private issued: Promise<void> = Promise.resolve();
  private issue: () => void = () => {};

  constructor(private readonly store: Pick<ExecutionStore, 'write'>) {}

  /** Resolves when the write is on its way: what is sent to the store from then on arrives after it. Never rejects. */
  add(entry: BatchEntry): Promise<void> {
    if (this.entries.length === 0) {
      this.issued = new Promise((resolve) => (this.issue = resolve));
      process.nextTick(this.flush);
    }
    this.entries.push(entry);
    if (this.entries.length === LARGEST_BATCH) this.flush();
    return this.issued;
  }

  private readonly flush = (): void => {
    if (this.entries.length === 0) return;
    const entries = this.entries;
    this.entries = [];
    void this.send(entries);
    this.issue();
  };

  private async send(entries: readonly BatchEntry[]): Promise<void> {
    let owned: boolean[];
    try {
      owned = await this.store.write(entries.map(({ write }) => write));
    } catch (error) {
      // One record that the store refuses must not keep the others out.
      if (entries.length > 1) for (const entry of entries) void this.send([entry]);
      else for (const entry of entries) entry.onFailure(error);
      return;
    }
    for (let index = 0; index < entries.length; index++) entries[index]!.onAnswer(owned[index] ?? false);
  }
}
