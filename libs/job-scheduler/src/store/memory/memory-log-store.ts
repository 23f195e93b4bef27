import type { OpenMemory } from '#bullmq-memory/extend';
import {
  LINES_PER_EXECUTION,
  MOST_LOGS_READ,
  SAME_RUN,
  TAIL_PER_JOB,
  type LogBatch,
  type LogStore,
  type LogWrite,
  type StoredLog,
} from '../ports/log-store.js';

interface ExecutionLog {
  readonly job: string;
  entries: StoredLog[];
  until: number;
  lines: number;
}

/** Entries by execution and by job; see `LogStore` for what each call means. */
export class MemoryLogs {
  readonly executions = new Map<string, ExecutionLog>();
  /** Per job, the last `seq`, and the newest entries, oldest first. */
  private readonly jobs = new Map<string, { seq: number; tail: StoredLog[] }>();

  add({ entry, keep }: LogWrite, now: number): StoredLog {
    const { executionId: id, job } = entry;
    const known = this.ofId(id, now) ?? { job, entries: [], until: 0, lines: 0 };
    if (entry.kind === 'line') known.lines++;
    const ofJob = this.ofName(job);
    // As JSON gives it back, like what every other store keeps.
    const stored = JSON.parse(JSON.stringify({ ...entry, seq: ++ofJob.seq, number: known.lines })) as StoredLog;
    // An end whose lines have gone, since its record has been pruned already, would stay behind.
    if (known.lines === 0) return stored;
    known.until = Math.max(known.until, now + Math.max(0, keep));
    known.entries = bounded(known.entries, stored, LINES_PER_EXECUTION);
    ofJob.tail = bounded(ofJob.tail, stored, TAIL_PER_JOB);
    // Deleted first, so that those that were written to last stand last.
    this.executions.delete(id);
    this.executions.set(id, known);
    this.sweep(now);
    return stored;
  }

  ofId(id: string, now: number): ExecutionLog | undefined {
    const known = this.executions.get(id);
    if (!known || known.until > now) return known;
    this.drop(id);
    return undefined;
  }

  tailOf(job: string, now: number): StoredLog[] {
    const known = this.jobs.get(job);
    return known?.tail.filter(({ executionId }) => this.ofId(executionId, now)) ?? [];
  }

  latest(job: string): number {
    return this.jobs.get(job)?.seq ?? 0;
  }

  /** The record has gone; its lines go with it, unless they are of a new run with its id. */
  ended(id: string, until: number): void {
    const known = this.executions.get(id);
    if (known && known.until <= until + SAME_RUN) this.drop(id);
  }

  drop(id: string): void {
    const known = this.executions.get(id);
    if (!known) return;
    this.executions.delete(id);
    const ofJob = this.ofName(known.job);
    ofJob.tail = ofJob.tail.filter(({ executionId }) => executionId !== id);
  }

  private ofName(job: string): { seq: number; tail: StoredLog[] } {
    let known = this.jobs.get(job);
    if (!known) this.jobs.set(job, (known = { seq: 0, tail: [] }));
    return known;
  }

  /** What is never asked for again: the oldest one at each turn, which is as much as is added. */
  private sweep(now: number): void {
    const [oldest] = this.executions.keys();
    if (oldest !== undefined) this.ofId(oldest, now);
  }
}

/** Cut seldom, so that adding to a full list is cheap: it may hold up to twice as many. */
function bounded(entries: StoredLog[], added: StoredLog, most: number): StoredLog[] {
  entries.push(added);
  return entries.length > 2 * most ? entries.slice(-most) : entries;
}

/** Where the lines of executions stand beside their records. */
export const logsOf = (memory: OpenMemory): MemoryLogs => memory.part('logs', () => new MemoryLogs());

export class MemoryLogStore implements LogStore {
  private readonly logs: MemoryLogs;

  constructor(private readonly memory: OpenMemory) {
    this.logs = logsOf(memory);
  }

  /** Nothing can be lost on the way here, and no batch comes twice. */
  async append({ writes }: LogBatch): Promise<StoredLog[]> {
    const now = this.memory.clock.now();
    return writes.map((write) => this.logs.add(write, now));
  }

  async ofExecution(id: string, after: number, limit: number): Promise<StoredLog[]> {
    const entries = this.logs.ofId(id, this.memory.clock.now())?.entries ?? [];
    const gone = (entries.at(-1)?.number ?? 0) - LINES_PER_EXECUTION;
    return page(
      entries.filter(({ number }) => number > gone),
      after,
      limit,
    );
  }

  async ofJob(job: string, after: number, limit: number, scheduleId?: string): Promise<StoredLog[]> {
    const tail = this.logs.tailOf(job, this.memory.clock.now()).slice(-TAIL_PER_JOB);
    return page(
      scheduleId === undefined ? tail : tail.filter((entry) => entry.scheduleId === scheduleId),
      after,
      limit,
    );
  }

  async latest(job: string): Promise<number> {
    return this.logs.latest(job);
  }

  async drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.logs.drop(id);
  }
}

function page(entries: readonly StoredLog[], after: number, limit: number): StoredLog[] {
  return entries.filter(({ seq }) => seq > after).slice(0, Math.min(limit, MOST_LOGS_READ));
}
