/** For code of the app, which may do with it what it likes. @param json the value's text, where it is at hand. */
export function copyOfJson(value: unknown, json?: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return JSON.parse(json ?? JSON.stringify(value)) as unknown;
}
