import { isStorableText } from '../common/storable-text.js';
import { HistoryQueryError } from '../errors/history-errors.js';

/** The place after which a page goes on, as a text that can stand in a URL. */
export function toCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * @param shape a value of each part's type.
 * @param isText whether a store takes a text: one that PostgreSQL refuses is no place there.
 * @throws HistoryQueryError
 */
export function readCursor<const T extends readonly (string | number)[]>(
  cursor: string,
  shape: T,
  isText: (text: string) => boolean = isStorableText,
): { -readonly [I in keyof T]: T[I] extends string ? string : number } {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === shape.length && shape.every((each, n) => fits(parts[n], each, isText)))
      return parts as never;
  } catch {
    // No JSON.
  }
  throw unknownCursor(cursor);
}

function fits(part: unknown, example: string | number, isText: (text: string) => boolean): boolean {
  return typeof example === 'number' ? Number.isSafeInteger(part) : typeof part === 'string' && isText(part);
}

/** For a text that is no place in the list that it is given for. */
export function unknownCursor(cursor: string): HistoryQueryError {
  const shown = JSON.stringify(cursor.length > 80 ? `${cursor.slice(0, 79)}…` : cursor);
  return new HistoryQueryError(
    'before',
    cursor,
    `${shown} is no place in this list. Pass the "next" of a page, or a Date.`,
  );
}
