import type { PGlite, Transaction } from '@electric-sql/pglite';

type Runner = Pick<Transaction, 'query' | 'exec'>;

/** A statement, and the promise of its caller. */
interface Waiting {
  readonly work: (runner: Runner) => Promise<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The most statements of one commit. */
const LARGEST_GROUP = 50;

/**
 * Commits statements that come at the same time together: a commit waits for the disk, whatever is in it.
 * Each statement stands for itself all the same: one that fails takes nothing of the others with it, and nobody hears of
 * success before the commit.
 */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private running = false;

  constructor(private readonly pglite: PGlite) {}

  run<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ work, resolve, reject });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    // Statements of this turn of the event loop belong to the first group.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0, LARGEST_GROUP);
      await (group.length === 1 ? this.commitOne(group[0]!) : this.commitGroup(group));
    }
    this.running = false;
  }

  private async commitOne({ work, resolve, reject }: Waiting): Promise<void> {
    try {
      resolve((await work(this.pglite)) as never);
    } catch (error) {
      reject(error);
    }
  }

  private async commitGroup(group: readonly Waiting[]): Promise<void> {
    const tell: (() => void)[] = [];
    try {
      await this.pglite.transaction(async (transaction) => {
        for (const each of group) tell.push(await attempt(transaction, each));
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const each of tell) each();
  }
}

/** Runs one statement of a group. Gives what its caller is told once the group is committed. */
async function attempt(transaction: Transaction, { work, resolve, reject }: Waiting): Promise<() => void> {
  await transaction.exec('SAVEPOINT statement');
  try {
    const value = await work(transaction);
    await transaction.exec('RELEASE SAVEPOINT statement');
    return () => resolve(value as never);
  } catch (error) {
    await transaction.exec('ROLLBACK TO SAVEPOINT statement; RELEASE SAVEPOINT statement');
    return () => reject(error);
  }
}
