import { z } from 'zod';
import { JOB_EVENT_TYPES } from '../../definition/job-event.js';
import { Id, text } from './texts.js';

/** What log streams take. */
export const StreamQuery = z.strictObject({
  lastEventId: text(64)
    .optional()
    .meta({ description: 'For a first connection, as the header `Last-Event-ID`: only what came after this event.' }),
});
export type StreamQuery = z.output<typeof StreamQuery>;

const EventTypes = z
  .union([text(32), z.array(text(32)).max(JOB_EVENT_TYPES.length)])
  .transform((given) => (Array.isArray(given) ? given : given.split(',')))
  .refine((types) => types.every((type) => (JOB_EVENT_TYPES as readonly string[]).includes(type)), {
    error: `Invalid type: expected some of ${JOB_EVENT_TYPES.join(', ')}`,
  });

/** What `GET events/stream` takes. */
export const EventFilter = z.strictObject({
  job: Id.optional(),
  type: EventTypes.optional().meta({ description: 'Only events of these types, separated by commas.' }),
});
export type EventFilter = z.output<typeof EventFilter>;
