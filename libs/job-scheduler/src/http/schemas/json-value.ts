import { z } from 'zod';

const DEEPEST = 100;

/** Names that would reach an object's prototype when the value is copied without care. Fastify refuses them, too. */
const isPrototypeName = (name: string, value: unknown) =>
  name === '__proto__' ||
  (name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));

/** What is wrong with a value of a body; walks by itself, since the value may be deeper than the stack. */
function faultOf(value: unknown): string | undefined {
  const rest: [value: object, depth: number][] = [];
  const add = (inner: unknown, depth: number) => {
    if (typeof inner === 'object' && inner !== null) rest.push([inner, depth]);
  };
  add(value, 1);
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [current, depth] = next;
    if (depth > DEEPEST) return `Invalid JSON: more than ${DEEPEST} levels deep`;
    // Elements have no names: looking for them would take a list of half a million for a second.
    if (Array.isArray(current)) {
      for (const inner of current) add(inner, depth + 1);
      continue;
    }
    for (const [name, inner] of Object.entries(current)) {
      if (isPrototypeName(name, inner)) return `Invalid JSON: the name "${name}" is not allowed`;
      add(inner, depth + 1);
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
