import { isPlainObject } from '../common/option-faults.js';

/**
 * A deep copy of plain objects and arrays, frozen. What is neither stays as it is: functions, dates, schemas, clients
 * belong to the user, and freezing them would break them.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, new Map()) as T;
}

function copy(value: unknown, copies: Map<object, object>): unknown {
  if (!Array.isArray(value) && !isPlainObject(value)) return value;
  // Schemas of valibot are plain objects whose getters need them as they are.
  if ('~standard' in value) return value;
  const known = copies.get(value);
  if (known) return known;
  const made: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
  copies.set(value, made);
  for (const [name, field] of Object.entries(value)) {
    // Defined, not assigned: "__proto__" is a name like any other.
    Object.defineProperty(made, name, { value: copy(field, copies), enumerable: true });
  }
  return Object.freeze(made);
}

/** Freezing a Map or a Set does not keep it from changing; this does. */
export function frozenMap<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  return closed(new Map(entries), ['set', 'delete', 'clear']);
}

export function frozenSet<T>(values: Iterable<T>): ReadonlySet<T> {
  return closed(new Set(values), ['add', 'delete', 'clear']);
}

function closed<T extends object>(collection: T, changes: readonly (keyof T & string)[]): T {
  for (const change of changes) {
    Object.defineProperty(collection, change, {
      value: () => {
        throw new TypeError(`Resolved options cannot be changed: ${change}()`);
      },
    });
  }
  return Object.freeze(collection);
}
