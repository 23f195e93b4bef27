import { inspect } from 'node:util';

/**
 * A value as it stands in messages: strings in double quotes, everything on one short line. Never throws.
 */
export function inspectShort(value: unknown, limit = 80): string {
  let text: string;
  try {
    text = typeof value === 'string' ? JSON.stringify(value) : shown(value);
  } catch {
    text = `a value of type ${typeof value}`;
  }
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return inspect(value, {
    depth: 1,
    breakLength: Infinity,
    compact: true,
    customInspect: false,
    maxArrayLength: 5,
    maxStringLength: 80,
  });
}
