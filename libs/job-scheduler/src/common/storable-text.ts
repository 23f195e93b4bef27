/**
 * Which texts come back as they were from every store: PostgreSQL refuses NUL and halves of surrogate pairs, and on the way
 * to Redis such halves become U+FFFD, so that two texts would become one.
 */
import { inspectShort } from './inspect-short.js';

export const UNSTORABLE_RULE = 'without NUL and halves of surrogate pairs';

// With `u`, a surrogate in a pair does not match.
const UNSTORABLE = /[\0\p{Surrogate}]/u;
const UNSTORABLE_CHARACTERS = new RegExp(UNSTORABLE, 'gu');

export function isStorableText(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** The same text, with U+FFFD for what cannot be stored. */
export function toStorableText(text: string): string {
  return text.replaceAll(UNSTORABLE_CHARACTERS, '\ufffd');
}

/** The start of a text, in at most `limit` characters. No surrogate pair is cut in two. */
export function cutText(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, isPairCut(text, limit) ? limit - 1 : limit);
}

function isPairCut(text: string, at: number): boolean {
  return (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}

const LONGEST_REASON = 1_024;

/** Why something was cancelled, as it stands in its record. */
export function toReason(reason: unknown): string {
  return toStorableText(cutText(typeof reason === 'string' ? reason : inspectShort(reason), LONGEST_REASON));
}
