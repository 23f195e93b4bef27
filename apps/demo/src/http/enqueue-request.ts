import { z } from 'zod';

/** The body of `POST /jobs`. The payload is checked by the job's own schema. */
export const EnqueueRequest = z
  .strictObject({
    job: z.string().min(1),
    payload: z.unknown().optional(),
    /** A known id enqueues nothing: repeat a request with its id, and the job runs once. */
    id: z.string().min(1).optional(),
    /** ISO time with a zone: run then. */
    at: z.iso.datetime({ offset: true }).optional(),
    /** `5s`, `1h30m`: run after that. */
    in: z.string().min(1).optional(),
  })
  .refine(({ at, in: delay }) => at === undefined || delay === undefined, {
    path: ['at'],
    error: 'Give "at" or "in", not both',
  });

export type EnqueueRequest = z.output<typeof EnqueueRequest>;
