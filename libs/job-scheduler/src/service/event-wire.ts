/** Events as they travel between processes: lists of them, in JSON. */
import { JOB_EVENT_TYPES, type JobEvent } from '../definition/job-event.js';

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

/** What another process sent. Events of a type that this version does not know are left out. */
export function readMessage(message: string): JobEvent[] {
  try {
    const values: unknown = JSON.parse(message);
    return Array.isArray(values) ? values.flatMap(readEvent) : [];
  } catch {
    return [];
  }
}

function readEvent(value: unknown): JobEvent[] {
  const event = value as { type?: unknown; id?: unknown; at: string; line?: { at: string } } | null;
  if (typeof event?.id !== 'string' || !(JOB_EVENT_TYPES as readonly unknown[]).includes(event.type)) return [];
  const { line } = event;
  return [
    {
      ...event,
      at: new Date(event.at),
      ...(line && { line: { ...line, at: new Date(line.at) } }),
    } as unknown as JobEvent,
  ];
}
