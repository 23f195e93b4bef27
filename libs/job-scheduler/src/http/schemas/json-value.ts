import { z } from 'zod';

const DEEPEST = 100;

/** Names that would reach an object's prototype when the value is copied without care. Fastify refuses them, too. */
const isPrototypeName = (name: string, value: unknown) =>
  name === '__proto__' ||
  (name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));

/** What is wrong with a value of a body; walks by itself, since the value may be deeper than the stack. */
function faultOf(value: unknown): string | undefined {
  const rest: [value: unknown, depth: number][] = [[value, 1]];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [current, depth] = next;
    if (typeof current !== 'object' || current === null) continue;
    if (depth > DEEPEST) return `Invalid JSON: more than ${DEEPEST} levels deep`;
    for (const [name, inner] of Object.entries(current)) {
      if (isPrototypeName(name, inner)) return `Invalid JSON: the name "${name}" is not allowed`;
      rest.push([inner, depth + 1]);
    }
  }
  return undefined;
}

/** Any JSON, within bounds. What a job takes is said by its own schema, and its size by `maxPayload`. */
export const JsonValue = z
  .unknown()
  .superRefine((value, context) => {
    const message = faultOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ description: 'Any JSON.' });
