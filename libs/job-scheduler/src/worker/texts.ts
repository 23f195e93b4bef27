/** PostgreSQL stores neither NUL nor halves of surrogate pairs. */
const UNSTORABLE = /\0|[\ud800-\udfff]/gu;

export function storable(text: string): string {
  return text.replace(UNSTORABLE, (character) => (character === '\0' ? '' : '\ufffd'));
}

/** The same JSON value, with texts that every store takes. */
export function storableJson(value: unknown): unknown {
  const json: string | undefined = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string' ? storable(part) : part,
  );
  return json === undefined ? undefined : JSON.parse(json);
}
