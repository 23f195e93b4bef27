import type { ExecutionWrite } from '../store/execution-record.js';
import type { ExecutionStore } from '../store/ports.js';

/** A write that was handed in. */
export interface Recording {
  /** Resolves when the write is on its way, so that what is sent to the store afterwards arrives after it. Never rejects. */
  readonly issued: Promise<void>;
  /** What the store answered: `false` when the execution belongs to a newer run, or has ended. Rejects when the store failed. */
  readonly stored: Promise<boolean>;
}

interface Entry {
  readonly write: ExecutionWrite;
  readonly issue: () => void;
  readonly resolve: (owned: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** The most records in one write: a longer one would keep the store from other work. */
const LARGEST_BATCH = 100;

/**
 * Sends the records of jobs that end in the same turn of the event loop as one write.
 * On an ordered store nobody waits for the answer: the queue is told right behind the record, on the same connection.
 */
export class RecordBatch {
  private entries: Entry[] = [];
  private scheduled = false;

  constructor(private readonly store: Pick<ExecutionStore, 'write'>) {}

  add(write: ExecutionWrite): Recording {
    let issue!: () => void;
    let resolve!: (owned: boolean) => void;
    let reject!: (error: unknown) => void;
    const issued = new Promise<void>((done) => (issue = done));
    const stored = new Promise<boolean>((done, fail) => {
      resolve = done;
      reject = fail;
    });
    // Whoever waits for `issued` only may look at `stored` late, or never.
    stored.catch(() => {});
    this.entries.push({ write, issue, resolve, reject });
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.flush());
    }
    return { issued, stored };
  }

  private flush(): void {
    this.scheduled = false;
    const entries = this.entries;
    this.entries = [];
    for (let start = 0; start < entries.length; start += LARGEST_BATCH) {
      void this.send(entries.slice(start, start + LARGEST_BATCH));
    }
  }

  private async send(entries: readonly Entry[]): Promise<void> {
    try {
      const writing = this.store.write(entries.map(({ write }) => write));
      for (const { issue } of entries) issue();
      const owned = await writing;
      for (const [index, entry] of entries.entries()) entry.resolve(owned[index] ?? false);
    } catch (error) {
      for (const { issue } of entries) issue();
      // One record that the store refuses must not keep the others out.
      if (entries.length > 1) for (const entry of entries) void this.send([entry]);
      else entries[0]?.reject(error);
    }
  }
}
