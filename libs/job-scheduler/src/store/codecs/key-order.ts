/**
 * The order of the keys of a payload. BullMQ keeps data as `jsonb` on PostgreSQL, which sorts the keys of objects: what was
 * sorted away is noted beside it. Elsewhere data keeps its order.
 */
import { isDeepStrictEqual } from 'node:util';

/** Among BullMQ's job options, beside our envelope. */
export const KEY_ORDER = 'njsKeys';

/** Before a list of key orders: one for each set of keys. */
const LIST = 'k';
/** Before the whole JSON, where objects with the same keys have them in different orders. */
const WHOLE = 't';

/** A note for `inKeyOrder`; undefined when `jsonb` gives the same order. */
export function noteKeyOrder(json: string): string | undefined {
  if (!json.includes(',')) return undefined;
  const orders = new Map<string, readonly string[]>();
  let isMixed = false;
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || isMixed) return;
    if (!Array.isArray(value)) {
      const keys = Object.keys(value);
      const set = setOf(keys);
      isMixed = !isDeepStrictEqual(orders.get(set) ?? keys, keys);
      orders.set(set, keys);
    }
    Object.values(value).forEach(walk);
  };
  walk(JSON.parse(json));
  const changed = [...orders.values()].filter((keys) => !isSorted(keys));
  if (!isMixed && changed.length === 0) return undefined;
  const list = LIST + JSON.stringify(changed);
  return isMixed || list.length > json.length ? WHOLE + json : list;
}

/** `data` as it was before `jsonb` sorted its keys. */
export function inKeyOrder(data: unknown, note: unknown): unknown {
  if (typeof note !== 'string') return data;
  try {
    const noted: unknown = JSON.parse(note.slice(1));
    // Data may have been changed since, with BullMQ's means.
    if (note.startsWith(WHOLE)) return isDeepStrictEqual(noted, data) ? noted : data;
    const orders = new Map((noted as string[][]).map((keys) => [setOf(keys), keys]));
    return reorder(data, orders);
  } catch {
    return data;
  }
}

function reorder(value: unknown, orders: ReadonlyMap<string, readonly string[]>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => reorder(element, orders));
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields);
  return Object.fromEntries((orders.get(setOf(keys)) ?? keys).map((key) => [key, reorder(fields[key], orders)]));
}

function setOf(keys: readonly string[]): string {
  return JSON.stringify(keys.toSorted());
}

/** As `jsonb` sorts: by bytes of UTF-8, shorter ones first. JavaScript puts whole numbers first, whatever is stored. */
function isSorted(keys: readonly string[]): boolean {
  const texts = keys.filter((key) => !/^\d+$/.test(key)).map((key) => Buffer.from(key));
  return texts.every((text, n) => {
    const before = texts[n - 1];
    if (before === undefined) return true;
    return before.length === text.length ? before.compare(text) < 0 : before.length < text.length;
  });
}
