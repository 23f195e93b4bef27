/**
 * BullMQ's border: what our names are called inside it. BullMQ refuses `:` in queue names, job ids and scheduler ids,
 * refuses ids that are integers, and keeps a queue's own keys (`wait`, `meta`, …) beside those of its jobs,
 * so that a job with such an id would overwrite them.
 */
import { createHash } from 'node:crypto';
import { QueueKeys } from 'bullmq';

/** The internal queue whose jobs are fires of schedules. Queues of users may not start with `_`. */
export const TICK_QUEUE = '_ticks';

/** Whether a queue is one of ours, hidden from users. */
export function isInternalQueue(queue: string): boolean {
  return queue.startsWith('_');
}

/** Stands before ids that BullMQ would refuse or that could be one of its own key names. No other encoded id starts so. */
const GUARD = '%_';

/** BullMQ's own key names hold no digit; integers are the ids that it makes by itself. */
function needsGuard(id: string): boolean {
  return !/\d/.test(id) || /^-?\d+$/.test(id);
}

const ESCAPES: Readonly<Record<string, string>> = { '%': '%25', ':': '%3A' };

function escape(text: string): string {
  return text.replace(/[%:]/g, (character) => ESCAPES[character]!);
}

function unescape(text: string): string {
  return text.replace(/%(25|3A)/g, (_, code) => (code === '25' ? '%' : ':'));
}

function encodePlain(id: string): string {
  return (needsGuard(id) ? GUARD : '') + escape(id);
}

function decodePlain(raw: string): string {
  return unescape(raw.startsWith(GUARD) ? raw.slice(GUARD.length) : raw);
}

/** An id that BullMQ made, or that was given to BullMQ directly and that we would have written in another way. */
function isForeign(raw: string): boolean {
  return encodePlain(decodePlain(raw)) !== raw;
}

/** What BullMQ keeps beside a queue's jobs. An id that reached one of these keys would overwrite it. */
const QUEUE_KEYS: ReadonlySet<string> = new Set([...Object.keys(new QueueKeys('').getKeys('')), 'metrics']);

/**
 * Whether a foreign id can be a job's: a number, a fire of BullMQ's own schedulers with its time, or a text without `:`, which BullMQ
 * refuses. All else that is no id of ours is a key of the queue (`meta`), or of one of its jobs (`17:lock`).
 */
function isForeignJob(raw: string): boolean {
  // What follows the failure of such a fire is no such fire.
  if (raw.includes(':')) return /^repeat:[^]+:\d+$/.test(raw) && !/:on-fail:\d+$/.test(raw);
  return !QUEUE_KEYS.has(raw) && isForeign(raw);
}

/** Starts the ids of jobs that plain BullMQ made. No other execution has such an id. */
export const FOREIGN = 'bullmq:';

/**
 * Ids of jobs that plain BullMQ numbered are unique in their queue only, ours over all queues:
 * outside they carry their queue's name.
 */
function foreignPrefix(queue: string): string {
  return `${FOREIGN}${queue}:`;
}

/** Our execution id → BullMQ's job id in `queue`. */
export function encodeJobId(id: string, queue: string): string {
  const prefix = foreignPrefix(queue);
  if (id.startsWith(prefix)) {
    const raw = id.slice(prefix.length);
    if (isForeignJob(raw)) return raw;
  }
  return encodePlain(id);
}

/** BullMQ's job id in `queue` → our execution id. */
export function decodeJobId(raw: string, queue: string): string {
  // Nearly all ids are written as they are.
  if (!needsGuard(raw) && !/[%:]/.test(raw)) return raw;
  return isForeign(raw) ? foreignPrefix(queue) + raw : decodePlain(raw);
}

/** Our schedule id → BullMQ's scheduler id. */
export function encodeSchedulerId(id: string): string {
  return escape(id);
}

/** BullMQ's scheduler id → our schedule id. */
export function decodeSchedulerId(raw: string): string {
  return unescape(raw);
}

/** Longer keys are stored as their digest. PostgreSQL's indexes take less than 2,700 bytes. */
const LONGEST_KEY = 200;

/** One text for several, that any store takes and that no other list of texts gives. */
function joined(parts: readonly string[]): string {
  // JSON escapes what PostgreSQL refuses: NUL and halves of surrogate pairs.
  const text = JSON.stringify(parts);
  if (Buffer.byteLength(text) <= LONGEST_KEY) return text;
  return createHash('sha256').update(text).digest('base64url');
}

/** The key of leases that keep runs apart. No key of a user's lock starts so. */
export function runLockKey(...parts: readonly string[]): string {
  return `run:${joined(parts)}`;
}

/** BullMQ's deduplication id of a unique job, in its queue. */
export function deduplicationId(job: string, key: string | undefined): string {
  return joined(key === undefined ? [job] : [job, key]);
}
