/** The failed jobs of all queues as one list, newest first. */
import { readDuration, type Duration } from '../../common/duration.js';
import { inspectShort } from '../../common/inspect-short.js';
import { HistoryQueryError } from '../../errors/history-errors.js';
import type { FailedJob, FailedPage, FailedPlace } from '../../store/ports/dead-letter-store.js';
import { readCursor, toCursor } from '../../store/history-cursor.js';

const DEFAULT_LIMIT = 20;
const MOST_LIMIT = 200;

/** A failed job, and where it failed. */
export type QueueFailure = FailedJob & { readonly queue: string };

/** A place in the list over all queues. Without a queue: before all of that time. */
export interface ListPlace {
  readonly at: number;
  readonly queue?: string;
  readonly id?: string;
}

/** @throws HistoryQueryError */
export function readPlace(before: unknown): ListPlace | undefined {
  if (before === undefined) return undefined;
  if (before instanceof Date && !Number.isNaN(before.getTime())) return { at: before.getTime() };
  if (typeof before !== 'string')
    throw new HistoryQueryError(
      'before',
      before,
      `"before" is ${inspectShort(before)}; it is a valid Date, or the "next" of a page.`,
    );
  const [at, queue, id] = readCursor(before, [0, '', '']);
  return { at, queue, id };
}

/** Milliseconds. @throws HistoryQueryError */
export function readAge(olderThan: Duration): number {
  const reading = readDuration(olderThan);
  if (reading.ok) return reading.ms;
  throw new HistoryQueryError('olderThan', olderThan, `"olderThan": ${reading.problem}`);
}

/** Where a queue's part of the list goes on: at equal times queues stand in the reverse order of their names. */
export function placeIn(queue: string, place: ListPlace | undefined): FailedPlace | undefined {
  if (!place || place.queue === undefined || queue > place.queue) return place && { at: place.at };
  return queue === place.queue ? { at: place.at, id: place.id! } : { at: place.at + 1 };
}

function newestFirst(a: QueueFailure, b: QueueFailure): number {
  if (a.failedAt !== b.failedAt) return b.failedAt - a.failedAt;
  if (a.queue !== b.queue) return a.queue < b.queue ? 1 : -1;
  return 0;
}

/** Goes on until there are enough, or much, or there is no more. */
export async function collect<Item>(
  limit: number,
  load: (limit: number, place: FailedPlace | undefined) => Promise<FailedPage<Item>>,
  from: FailedPlace | undefined,
): Promise<FailedPage<Item>> {
  const items: Item[] = [];
  let page: FailedPage<Item>;
  let place = from;
  do {
    page = await load(limit - items.length, place);
    items.push(...page.items);
    place = page.next;
  } while (place && items.length < limit && !page.isLarge);
  return { ...page, items };
}

/** The newest of several queues. Where the bytes of one have ended its part, what stands after it in another waits for the next page. */
export function merge(
  parts: readonly FailedPage<QueueFailure>[],
  limit: number,
): { items: QueueFailure[]; isMore: boolean } {
  const all = parts.flatMap(({ items }) => items).toSorted(newestFirst);
  const ends = parts.flatMap(({ items, isLarge }) => (isLarge ? all.indexOf(items.at(-1)!) + 1 : []));
  const shown = all.slice(0, Math.min(limit, ...ends));
  return { items: shown, isMore: ends.length > 0 || shown.length < all.length };
}

export function readLimit(limit: number | undefined): number {
  if (limit === undefined) return DEFAULT_LIMIT;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_LIMIT) return limit;
  throw new HistoryQueryError('limit', limit, `"limit" is a whole number from 1 to ${MOST_LIMIT}.`);
}

/** The place of a list's last job, from which the next page goes on. */
export function cursorOf({ failedAt, queue, job }: QueueFailure): string {
  return toCursor([failedAt, queue, job.id ?? '']);
}
