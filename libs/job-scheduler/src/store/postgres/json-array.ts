/**
 * An array of JSON texts as PostgreSQL's literal, for a parameter of type `text[]`. JSON has no raw control characters, and
 * of the others PostgreSQL escapes what JSON does, in the same way. Drivers look for each quote by itself: a megabyte of
 * quotes stopped the process for half a second.
 * @param texts as `JSON.stringify` writes them; null for none.
 */
export function jsonArray(texts: readonly (string | null)[]): string {
  return `{${texts.map((text) => (text === null ? 'NULL' : JSON.stringify(text))).join(',')}}`;
}
