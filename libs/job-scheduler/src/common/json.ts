/**
 * What may be stored of payloads, results and progress: plain JSON, and nothing that JSON would lose in silence.
 * Every enqueue and every result goes through here: data is walked once, and copied only where a `toJSON` speaks for it.
 */
import { types } from 'node:util';
import { inspectShort } from './inspect-short.js';
import { pathText } from './value-path.js';

export type StorableJson =
  { readonly ok: true; readonly json: string | undefined } | { readonly ok: false; readonly problem: string };

/** Redis reads JSON no deeper than 1,000 levels; all stores behave alike, and records nest what they hold. */
const DEEPEST = 500;

/** NUL and lone surrogates, which PostgreSQL cannot store. With `u`, a surrogate in a pair does not match. */
const UNSTORABLE_CHARACTER = /[\0\p{Surrogate}]/u;

/** What is wrong, and where; the path grows on the way out. */
class Refusal extends Error {
  readonly path: PropertyKey[] = [];
}

/**
 * The JSON text of `value`; undefined for undefined. `problem` goes after a subject: `is not JSON: items[2].when is a function`.
 *
 * Honours `toJSON`. As JSON does, it drops undefined fields and makes undefined elements null.
 * Refuses functions, symbols, BigInt, NaN, Infinity, invalid dates, Map, Set and other objects that JSON empties,
 * circular references, NUL characters and lone surrogates. A getter or a `toJSON` that throws is a problem, too. Never throws.
 */
export function toStorableJson(value: unknown): StorableJson {
  if (value === undefined) return { ok: true, json: undefined };
  try {
    const plain = toPlain(value, '', []);
    const json = JSON.stringify(plain);
    // JSON writes these characters, and few others, as \u: most texts need not be searched.
    if (json?.includes('\\u')) refuseCharacters(plain);
    return { ok: true, json };
  } catch (thrown) {
    const refusal = located(thrown);
    return { ok: false, problem: `is not JSON: ${pathText(refusal.path) || 'it'} ${refusal.message}` };
  }
}

/** `value` itself where JSON writes it as it is, else what JSON is to write in its place. */
function toPlain(value: unknown, key: string, ancestors: object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new Refusal(`is ${value}`);
      return value;
    case 'object':
      return value === null ? null : objectToPlain(value, key, ancestors);
    case 'bigint':
      if ('toJSON' in BigInt.prototype) return objectToPlain(new Object(value), key, ancestors);
      throw new Refusal('is a BigInt; pass it as a string');
    default:
      throw new Refusal(`is a ${typeof value}`);
  }
}

function objectToPlain(value: object, key: string, ancestors: object[]): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function') return contentToPlain(value, ancestors, false);
  if (types.isDate(value) && Number.isNaN(value.getTime())) throw new Refusal('is an invalid date');
  const spoken: unknown = toJSON.call(value, key);
  // Copied, so that JSON does not ask what `toJSON` gave for its `toJSON` once more.
  return typeof spoken === 'object' && spoken !== null
    ? contentToPlain(spoken, ancestors, true)
    : toPlain(spoken, key, ancestors);
}

function contentToPlain(value: object, ancestors: object[], copy: boolean): unknown {
  if (ancestors.includes(value)) throw new Refusal('refers back to what it is in');
  if (ancestors.length >= DEEPEST) throw new Refusal(`is more than ${DEEPEST} levels deep`);
  ancestors.push(value);
  const plain = Array.isArray(value)
    ? elementsToPlain(value, ancestors, copy)
    : types.isBoxedPrimitive(value)
      ? toPlain(value.valueOf(), '', ancestors)
      : fieldsToPlain(value as Record<string, unknown>, ancestors, copy);
  ancestors.pop();
  return plain;
}

function elementsToPlain(value: readonly unknown[], ancestors: object[], copy: boolean): readonly unknown[] {
  let plain = copy ? [...value] : undefined;
  let index = 0;
  try {
    for (; index < value.length; index++) {
      const element = value[index];
      const written = toPlain(element, String(index), ancestors);
      if (written !== element) (plain ??= [...value])[index] = written;
    }
  } catch (thrown) {
    throw located(thrown, index);
  }
  return plain ?? value;
}

function fieldsToPlain(value: Record<string, unknown>, ancestors: object[], copy: boolean): Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuseEmptied(value);
  let plain = copy ? { ...value } : undefined;
  let name = '';
  try {
    for (name of Object.keys(value)) {
      const field = value[name];
      const written = toPlain(field, name, ancestors);
      if (written !== field) (plain ??= { ...value })[name] = written;
    }
  } catch (thrown) {
    throw located(thrown, name);
  }
  return plain ?? value;
}

/** A Map, a Set, a Promise, an Error: what they hold is not in their fields, and JSON writes `{}`. */
function refuseEmptied(value: object): void {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== 'Object') {
    throw new Refusal(
      `is of type ${inspectShort(kind).slice(1, -1)}, whose content JSON loses; pass a plain object or array`,
    );
  }
}

function refuseCharacters(value: unknown): void {
  if (typeof value === 'string') {
    const found = UNSTORABLE_CHARACTER.exec(value)?.[0];
    if (found !== undefined) throw new Refusal(`holds ${characterName(found)}, which cannot be stored`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(value)) {
      try {
        const found = UNSTORABLE_CHARACTER.exec(name)?.[0];
        if (found !== undefined) throw new Refusal(`has a name with ${characterName(found)}, which cannot be stored`);
        refuseCharacters(field);
      } catch (thrown) {
        throw located(thrown, Array.isArray(value) ? Number(name) : name);
      }
    }
  }
}

function characterName(character: string): string {
  if (character === '\0') return 'a NUL character (U+0000)';
  return `half of a surrogate pair (U+${character.charCodeAt(0).toString(16).toUpperCase()})`;
}

function located(thrown: unknown, key?: PropertyKey): Refusal {
  const refusal = thrown instanceof Refusal ? thrown : new Refusal(`cannot be read: ${reason(thrown)}`);
  if (key !== undefined) refusal.path.unshift(key);
  return refusal;
}

function reason(thrown: unknown): string {
  try {
    return thrown instanceof Error ? inspectShort(thrown.message, 200).slice(1, -1) : inspectShort(thrown);
  } catch {
    return 'it throws';
  }
}

/** For code of the app, which may do with it what it likes. @param json the value's text, where it is at hand. */
export function copyOfJson(value: unknown, json?: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return JSON.parse(json ?? JSON.stringify(value)) as unknown;
}
