import { z } from 'zod';

/** Schemas of single values, for bodies, paths and queries. */

const UNSTORABLE_CHARACTER = /[\0\p{Surrogate}]/u;
const isStorable = (text: string) => !UNSTORABLE_CHARACTER.test(text);

/** A text of 1 to `most` characters, of Unicode and without NUL. */
export const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(isStorable, { error: 'Invalid characters: NUL and halves of surrogate pairs are not allowed' });

/** As `text`, or empty. */
export const maybeText = (most: number) =>
  z
    .string()
    .max(most)
    .refine(isStorable, { error: 'Invalid characters: NUL and halves of surrogate pairs are not allowed' });

/** Names of schedules, executions, jobs and queues. The longest are ids of fires: a schedule's id and a time. */
export const Id = text(512);

/** A whole number, as a query has it. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, { error: `Invalid number: expected a whole number from ${least} to ${most}` })
    .transform(Number)
    .pipe(z.number().min(least).max(most));

/** How many items a page has. */
export const Limit = wholeNumber(1, 200).optional().meta({ description: 'How many at most, 1 to 200. Default: 20.' });

export const DEFAULT_LIMIT = 20;

/** `next` of the page before. What is in it is checked by who made it. */
export const Cursor = text(1_024).optional().meta({ description: '`next` of the page before.' });

export const Timestamp = z.iso.datetime();
