import type { Job, JobsOptions } from 'bullmq';
import type { JobTrigger } from '../../definition/job-status.js';
import { readGivenBack } from './given-back.js';
import { KEPT_STEPS, readKeptSteps, type KeptSteps } from './kept-steps.js';
import { inKeyOrder, KEY_ORDER } from './key-order.js';
import { decodeJobId, deduplicationId, encodeJobId } from '../names.js';
import { toQueuePriority } from './priority.js';
import type { ExecutionOverrides, QueuedExecution } from './queued-execution.js';

/** An execution that is about to be put into a queue, in our words. */
export interface JobToAdd {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  /** `undefined`: none. */
  readonly payload: unknown;
  /** The JSON of the payload, where the caller has it already: `payload` may be left out then. */
  readonly payloadJson?: string | undefined;
  readonly trigger: JobTrigger;
  readonly scheduleId?: string | undefined;
  readonly scheduledFor?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly overrides?: ExecutionOverrides | undefined;
  /** The id was given by a user. */
  readonly ownId: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds; 0: at once. */
  readonly delay: number;
  readonly maxAttempts: number;
  readonly priority: number;
  /** See `toQueuePriority`. */
  readonly prioritized: boolean;
  /** How long the dead letter is kept, in milliseconds. */
  readonly keepFailed: number;
  /** Of a unique job: while another one with this key waits or runs, or for `for` milliseconds, nothing is added. */
  readonly unique?: { readonly key: string | undefined; readonly for: number | undefined } | undefined;
}

/** What `queue.add` and `queue.addBulk` take. */
export interface QueueEntry {
  readonly name: string;
  readonly data: unknown;
  readonly opts: JobsOptions;
}

/** Our key among BullMQ's job options. Its value is a text, since options pass through Lua and `jsonb`, which change values. */
const ENVELOPE = 'njs';

interface Envelope {
  trigger?: JobTrigger;
  schedule?: string;
  for?: number;
  metadata?: Readonly<Record<string, string>>;
  overrides?: ExecutionOverrides;
  own?: 1;
  /** The payload's JSON where BullMQ would not give it back as it was. */
  payload?: string;
  /** There is no payload: BullMQ would make it `{}`. */
  none?: 1;
}

/**
 * `jsonb` refuses NUL and halves of surrogate pairs, and BullMQ on PostgreSQL reads `null` back as `{}`.
 * The pattern may also match an escaped backslash before `u`, which does no harm. No payload is taken for kept steps.
 */
function mustTravelAsText(json: string): boolean {
  return json === 'null' || json.includes(KEPT_STEPS) || /\\u(?:0000|d[89a-f])/i.test(json);
}

const MOST_ATTEMPTS = 2 ** 31 - 1;

/** Our words → BullMQ's. */
export function toQueueEntry(job: JobToAdd): QueueEntry {
  const envelope: Envelope = {};
  if (job.trigger !== 'enqueue') envelope.trigger = job.trigger;
  if (job.scheduleId !== undefined) envelope.schedule = job.scheduleId;
  if (job.scheduledFor !== undefined) envelope.for = job.scheduledFor;
  if (job.metadata && Object.keys(job.metadata).length > 0) envelope.metadata = job.metadata;
  if (job.overrides && Object.keys(job.overrides).length > 0) envelope.overrides = job.overrides;
  if (job.ownId) envelope.own = 1;

  let data = job.payload;
  const json = job.payloadJson ?? JSON.stringify(job.payload);
  if (data === undefined && json !== undefined) data = JSON.parse(json);
  if (json === undefined) {
    envelope.none = 1;
    data = {};
  } else if (mustTravelAsText(json)) {
    envelope.payload = json;
    data = {};
  }

  const opts: JobsOptions & { [ENVELOPE]: string } = {
    jobId: encodeJobId(job.id, job.queue),
    timestamp: job.createdAt,
    attempts: Math.min(job.maxAttempts, MOST_ATTEMPTS),
    removeOnComplete: true,
    removeOnFail: job.keepFailed > 0 ? { age: Math.ceil(job.keepFailed / 1000) } : true,
    ...toQueuePriority(job.priority, job.prioritized),
    [ENVELOPE]: JSON.stringify(envelope),
  };
  if (job.unique) {
    const { key, for: ttl } = job.unique;
    opts.deduplication = { id: deduplicationId(job.job, key), ...(ttl !== undefined && { ttl }) };
  }
  if (job.delay > 0) opts.delay = Math.ceil(job.delay);
  return { name: job.job, data, opts };
}

/** What is read of a BullMQ job. */
export type QueuedJob = Pick<
  Job<unknown>,
  'id' | 'name' | 'data' | 'opts' | 'timestamp' | 'attemptsMade' | 'attemptsStarted' | 'stalledCounter' | 'repeatJobKey'
> & {
  /** The JSON of `data`, where it is at hand. */
  readonly dataJson?: string;
  /** A list; its JSON where it comes with a job that was taken. */
  readonly stacktrace?: string | readonly string[] | null | undefined;
};

/** The execution id of a BullMQ job. */
export function executionId(job: Pick<QueuedJob, 'id'>, queue: string): string {
  return decodeJobId(job.id ?? '', queue);
}

/**
 * BullMQ's words → ours. Reads jobs of plain BullMQ, too: they have no envelope, so that nothing is known of them but
 * name, data and age.
 */
export function toQueuedExecution(job: QueuedJob, queue: string): QueuedExecution {
  const envelope = readEnvelope(job);
  const kept = readKeptSteps(job.data);
  const givenBack = typeof job.stacktrace === 'string' ? readGivenBack(job.stacktrace) : undefined;
  return {
    id: executionId(job, queue),
    job: job.name,
    queue,
    payload: readPayload(job, envelope, kept),
    payloadJson: payloadJsonOf(job, envelope, kept),
    ...(kept && { keptSteps: kept.steps }),
    ...(givenBack && { givenBack }),
    trigger: envelope?.trigger ?? (job.repeatJobKey ? 'schedule' : 'enqueue'),
    scheduleId: envelope ? envelope.schedule : job.repeatJobKey,
    scheduledFor: envelope ? envelope.for : job.opts.prevMillis,
    metadata: envelope?.metadata ?? {},
    overrides: envelope?.overrides ?? {},
    createdAt: job.timestamp,
    delay: job.opts.delay ?? 0,
    attempt: job.attemptsMade + 1,
    maxAttempts: envelope ? (job.opts.attempts ?? 1) : 0,
    fence: job.attemptsStarted,
    crashes: job.stalledCounter,
    ownId: envelope?.own === 1,
  };
}

function readEnvelope(job: QueuedJob): Envelope | undefined {
  const text = (job.opts as Record<string, unknown>)[ENVELOPE];
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where `data` is not the payload itself. */
function payloadJsonOf(job: QueuedJob, envelope: Envelope | undefined, kept?: KeptSteps): string | undefined {
  if (envelope?.none) return undefined;
  if (envelope?.payload !== undefined) return envelope.payload;
  if (kept) return kept.payloadJson;
  return KEY_ORDER in job.opts ? undefined : job.dataJson;
}

function readPayload(job: QueuedJob, envelope: Envelope | undefined, kept?: KeptSteps): unknown {
  if (envelope?.none) return undefined;
  if (envelope?.payload !== undefined) return JSON.parse(envelope.payload);
  if (kept) return kept.payloadJson === undefined ? undefined : JSON.parse(kept.payloadJson);
  return inKeyOrder(job.data, (job.opts as Record<string, unknown>)[KEY_ORDER]);
}
