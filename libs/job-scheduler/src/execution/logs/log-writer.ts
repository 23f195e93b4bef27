import { randomUUID } from 'node:crypto';
import type { Logger } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { describeThrown } from '../../common/describe-error.js';
import type { FinalStatus } from '../../definition/job-status.js';
import { settlesWithin } from '../../common/promises.js';
import { StoreUnavailableError } from '../../errors/store-errors.js';
import { toLogLine } from '../../store/codecs/log-codec.js';
import type { LogLineEntry, LogStore, LogWrite, StoredLog } from '../../store/ports/log-store.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { type JobEvents, executionFields } from '../../events/job-events.js';

/** Entries in one round trip. */
const MOST_AT_ONCE = 500;
/** What is kept back while the store is slow or away, in entries and in characters. What comes then is dropped. */
const MOST_WAITING = 10_000;
const MOST_CHARACTERS = 16 * 1024 * 1024;
/** Between two tries while the store is away, and for the last lines at the end, in milliseconds. */
const TRY_AGAIN = 1_000;
const CLOSE_WITHIN = 2_000;

export interface LogWriterParts {
  readonly logs: LogStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: no event is ever wanted. */
  readonly events?: JobEvents | undefined;
}

/** What a job says in one line; the rest is known of its start. */
export type LineText = Pick<LogLineEntry, 'at' | 'level' | 'message' | 'data' | 'step'>;

/** An execution as its lines name it. */
export interface LineSource {
  readonly started: QueuedExecution;
  /** How long its lines are kept at least, in milliseconds. */
  readonly keep: number;
}

interface Waiting {
  readonly write: LogWrite;
  readonly started: QueuedExecution;
  readonly size: number;
}

/**
 * Brings the lines of all jobs of this process into the store: in order, and those of one turn in one round trip. While the
 * store is away they are kept back, up to a bound.
 */
export class LogWriter {
  private readonly id = randomUUID();
  private readonly closing = new AbortController();
  private waiting: Waiting[] = [];
  private characters = 0;
  private added = 0;
  private done = 0;
  private sent = 0;
  private readonly waiters: { readonly upTo: number; readonly resolve: () => void }[] = [];
  private writing: Promise<void> | undefined;
  /** The store did not take the last batch: no caller waits for it now. */
  private isAway = false;
  private hasWarned = false;

  constructor(private readonly parts: LogWriterParts) {}

  /** Adds a line, and never throws. @returns for `whenStored`. @param size in characters. */
  line({ started, keep }: LineSource, text: LineText, size: number): number {
    const { id: executionId, job, scheduleId, attempt } = started;
    const source = { executionId, job, ...(scheduleId !== undefined && { scheduleId }) };
    return this.add({ write: { entry: { kind: 'line', ...source, attempt, ...text }, keep }, started, size });
  }

  /** Adds the end of an execution that has lines. Resolves when it is stored, dropped, or kept back. Never rejects. */
  async end({ started, keep }: LineSource, status: FinalStatus): Promise<void> {
    const { id: executionId, job, scheduleId } = started;
    const source = { executionId, job, ...(scheduleId !== undefined && { scheduleId }) };
    const entry = { kind: 'end', ...source, at: this.parts.clock.now(), status } as const;
    await this.whenStored(this.add({ write: { entry, keep }, started, size: 0 }));
  }

  /** Whether an earlier attempt has written lines. Never rejects. */
  async hasLines(id: string): Promise<boolean> {
    try {
      return (await this.parts.logs.ofExecution(id, 0, 1)).length > 0;
    } catch {
      return false;
    }
  }

  /** Drops all lines of an execution of which nothing is kept. Never rejects. */
  async drop(id: string): Promise<void> {
    try {
      await this.parts.logs.drop([id]);
    } catch (thrown) {
      // They go by themselves when their time is over.
      this.parts.logger.debug(`Lines of execution ${id} stay for now: ${describeThrown(thrown).message}`);
    }
  }

  /** Undefined when all up to this one is stored, dropped, or kept back. The promise never rejects. */
  whenStored(index: number): Promise<void> | undefined {
    if (this.done >= index || this.isAway) return undefined;
    return new Promise((resolve) => this.waiters.push({ upTo: index, resolve }));
  }

  /** What still waits is stored if the store answers soon, else dropped. Never rejects. */
  async close(): Promise<void> {
    this.closing.abort();
    if (this.writing) await settlesWithin(this.writing, this.parts.clock, CLOSE_WITHIN);
  }

  private add(waiting: Waiting): number {
    if (this.waiting.length >= MOST_WAITING || this.characters > MOST_CHARACTERS) {
      this.warn('there were too many to wait for the store');
      return 0;
    }
    this.waiting.push(waiting);
    this.characters += waiting.size;
    this.writing ??= this.write();
    return ++this.added;
  }

  private async write(): Promise<void> {
    // What comes in this turn goes with it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MOST_AT_ONCE);
      for (const { size } of batch) this.characters -= size;
      await this.store(batch);
      this.done += batch.length;
      this.release(this.done);
    }
    this.writing = undefined;
  }

  private async store(batch: readonly Waiting[]): Promise<void> {
    const { logs, clock } = this.parts;
    const number = ++this.sent;
    for (;;) {
      const isLastTry = this.closing.signal.aborted;
      try {
        const stored = await logs.append({ writer: this.id, number, writes: batch.map(({ write }) => write) });
        this.isAway = false;
        this.hasWarned = false;
        this.emitStored(batch, stored);
        return;
      } catch (thrown) {
        if (isLastTry || !(thrown instanceof StoreUnavailableError)) return this.warn(describeThrown(thrown).message);
        this.isAway = true;
        this.release(Infinity);
        await clock.sleep(TRY_AGAIN, this.closing.signal);
      }
    }
  }

  private emitStored(batch: readonly Waiting[], stored: readonly StoredLog[]): void {
    const { events } = this.parts;
    if (!events?.wanted) return;
    for (const [index, entry] of stored.entries()) {
      if (entry.kind !== 'line') continue;
      const { started } = batch[index]!;
      const fields = executionFields(events, started, entry.at);
      events.emit({ type: 'log', ...fields, attempt: started.attempt, line: toLogLine(entry) });
    }
  }

  private release(upTo: number): void {
    while (this.waiters.length > 0 && this.waiters[0]!.upTo <= upTo) this.waiters.shift()!.resolve();
  }

  /** Once, until the store takes lines again. */
  private warn(why: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.parts.logger.warn(`Log lines of jobs were dropped: ${why}`);
  }
}
