/** Records and jobs for the suite. */
import type { ExecutionHead, ExecutionWrite, StepRecord } from '#src/store/ports/execution-record.js';
import type { JobToAdd } from '#src/store/codecs/job-envelope.js';
import type { Store } from '#src/store/ports/ports.js';

/** What the parts of the suite work on. */
export interface Subject {
  readonly prefix: string;
  /** Open once the tests run. */
  readonly store: Store;
  newId(): string;
  /** Puts something that cannot be read in the place of an execution's record. */
  corrupt(id: string): Promise<void>;
  /** Puts something that cannot be read in the place of a schedule's record. */
  corruptSchedule(id: string): Promise<void>;
  /** How much is stored of ended executions of a job, or of the schedule that made them: records, or what stands in indexes. */
  left(job: string, scheduleId: string): Promise<number>;
}

export const DAY = 86_400_000;

/** Texts that have broken stores before: quotes, escapes, braces, wide characters, what looks like a key. */
export const ODD = [
  `it's "quoted" \\ %s {0} $1 :a:b`,
  'line\nbreak\tand\rreturn',
  'é ß 漢字 😀 \u2028 \u200b',
  "'; DROP TABLE job; --",
  '{jobs}:x:1',
  ' ',
];

let clockTick = 0;
/** Times that grow, so that ends have an order. */
export const tick = () => Date.now() + ++clockTick;

export function head(more: Partial<ExecutionHead> = {}): ExecutionHead {
  return { trigger: 'enqueue', createdAt: 1_000, maxAttempts: 4, ...more };
}

export function ended(id: string, more: Partial<ExecutionWrite> = {}): ExecutionWrite {
  const at = tick();
  return {
    id,
    job: 'report',
    queue: 'default',
    fence: 1,
    final: 'completed',
    head: head({ startedAt: at - 5, completedAt: at }),
    attempt: { attempt: 1, startedAt: at - 5, finishedAt: at, workerId: 'w1' },
    keep: { count: 100, age: DAY },
    ...more,
  };
}

export function retried(id: string, fence: number, more: Partial<ExecutionWrite> = {}): ExecutionWrite {
  const { final: _, ...rest } = ended(id, { fence, ...more });
  const at = tick();
  return {
    ...rest,
    attempt: { attempt: fence, startedAt: at, finishedAt: at, workerId: 'w1', error: { name: 'Error', message: 'no' } },
  };
}

export function step(name: string, result?: unknown): StepRecord {
  const at = tick();
  return { name, startedAt: at, finishedAt: at, ...(result === undefined ? {} : { result }) };
}

export function newJob(id: string, more: Partial<JobToAdd> = {}): JobToAdd {
  return {
    id,
    job: 'report',
    queue: 'default',
    payload: { n: 1 },
    trigger: 'enqueue',
    ownId: false,
    createdAt: Date.now(),
    delay: 0,
    maxAttempts: 1,
    priority: 0,
    prioritized: false,
    keepFailed: DAY,
    ...more,
  };
}
