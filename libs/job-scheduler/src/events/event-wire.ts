/** Events as they travel between processes: lists of them, in JSON. */
import { isFields } from '../common/options-problem.js';
import { JOB_EVENT_TYPES, type JobEvent, type JobEventType } from '../definition/job-event.js';

/** Characters of one message. An event that is longer has one of its own. */
const LONGEST_MESSAGE = 64 * 1024;
/** A longer event, with a huge progress object, is not sent: every process in the fleet would read it. */
const LONGEST_EVENT = 1024 * 1024;

/** The event's JSON; undefined when it cannot be sent. */
export function encodeEvent(event: JobEvent): string | undefined {
  try {
    const text = JSON.stringify(event);
    return text.length > LONGEST_EVENT ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Takes as many encoded events off the front as one message holds. */
export function takeMessage(encoded: string[]): string {
  let length = 0;
  let count = 0;
  for (const text of encoded) {
    length += text.length + 1;
    if (count > 0 && length > LONGEST_MESSAGE) break;
    count++;
  }
  return `[${encoded.splice(0, count).join(',')}]`;
}

/** What another process sent. Events that this version does not know, or that lack what all read of them, are left out. */
export function readMessage(message: string): JobEvent[] {
  try {
    const values: unknown = JSON.parse(message);
    return Array.isArray(values) ? values.flatMap(readEvent) : [];
  } catch {
    return [];
  }
}

/** What an event of a type has beside plain values. */
const PARTS: Partial<Record<JobEventType, string>> = {
  failed: 'error',
  retrying: 'error',
  step: 'step',
  log: 'line',
  'schedule-repaired': 'repair',
};

function readEvent(value: unknown): JobEvent[] {
  const event = (value ?? {}) as Record<string, unknown>;
  const { type, line } = event;
  if (!isEventType(type) || typeof event['id'] !== 'string' || typeof event['job'] !== 'string') return [];
  const part = PARTS[type];
  if (part !== undefined && !isFields(event[part])) return [];
  const at = toDate(event['at']);
  const read = type === 'log' && isFields(line) ? { line: { ...line, at: toDate(line['at']) } } : undefined;
  if (!at || (read && !read.line.at)) return [];
  return [{ ...event, at, ...read } as unknown as JobEvent];
}

function isEventType(type: unknown): type is JobEventType {
  return (JOB_EVENT_TYPES as readonly unknown[]).includes(type);
}

function toDate(text: unknown): Date | undefined {
  const at = new Date(typeof text === 'string' ? text : Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
