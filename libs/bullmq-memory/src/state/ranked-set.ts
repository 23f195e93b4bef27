import { bounds } from './job-list.js';

/** Items per chunk when it is split; a chunk never grows beyond twice that. */
const CHUNK = 512;

/** What has a place among its like. */
export interface Ranked {
  readonly id: string;
  readonly score: number;
}

/** By score, and by id where scores are equal, as Redis sorts. */
function isBefore(a: Ranked, b: Ranked): boolean {
  return a.score < b.score || (a.score === b.score && a.id < b.id);
}

/** The first index for which `holds` is true; all after it must be true, too. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * By ascending `score`: jobs that are delayed, prioritized or finished, records of executions. Sorted chunks: adding, removing and taking the first
 * cost the same for a thousand jobs and for a million. A score must not change while it is in here.
 */
export class RankedSet<T extends Ranked> implements Iterable<T> {
  private readonly chunks: T[][] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  get first(): T | undefined {
    return this.chunks[0]?.[0];
  }

  add(item: T): void {
    this.count++;
    const { chunks } = this;
    const last = chunks.at(-1);
    // Finished jobs come in order.
    if (!last || isBefore(last.at(-1)!, item)) {
      if (last && last.length < CHUNK) last.push(item);
      else chunks.push([item]);
      return;
    }
    const at = this.chunkOf(item);
    const chunk = chunks[at]!;
    chunk.splice(
      firstIndex(chunk.length, (index) => !isBefore(chunk[index]!, item)),
      0,
      item,
    );
    if (chunk.length >= 2 * CHUNK) chunks.splice(at + 1, 0, chunk.splice(CHUNK));
  }

  /** It must be in here. */
  delete(item: T): void {
    const at = this.chunkOf(item);
    const chunk = this.chunks[at]!;
    const index = firstIndex(chunk.length, (candidate) => !isBefore(chunk[candidate]!, item));
    if (index === 0) chunk.shift();
    else chunk.splice(index, 1);
    if (chunk.length === 0) this.chunks.splice(at, 1);
    this.count--;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const chunk of this.chunks) yield* chunk;
  }

  /** From the highest down. @param limit only those before it; without an id: those with a lower score. */
  *descending(limit?: { readonly score: number; readonly id?: string | undefined }): Generator<T> {
    const { chunks } = this;
    const isIn = (item: T) =>
      !limit ||
      (limit.id === undefined ? item.score < limit.score : isBefore(item, { score: limit.score, id: limit.id }));
    let at = firstIndex(chunks.length, (index) => !isIn(chunks[index]![0]!)) - 1;
    let chunk = chunks[at];
    let index = chunk ? firstIndex(chunk.length, (candidate) => !isIn(chunk![candidate]!)) - 1 : -1;
    while (chunk) {
      for (; index >= 0; index--) yield chunk[index]!;
      chunk = chunks[--at];
      index = chunk ? chunk.length - 1 : -1;
    }
  }

  /** Those with ranks from `from` up to, and without, `end`. */
  slice(from: number, end: number): T[] {
    const items: T[] = [];
    let rank = 0;
    for (const chunk of this.chunks) {
      if (rank >= end) break;
      const start = Math.max(0, from - rank);
      if (start < chunk.length) for (const item of chunk.slice(start, end - rank)) items.push(item);
      rank += chunk.length;
    }
    return items;
  }

  /** From `start` to `stop`, both included; negative ones count from the end. */
  range(start: number, stop: number): T[] {
    const [first, last] = bounds(start, stop, this.count);
    return this.slice(first, last + 1);
  }

  /** As `range`, counted from the highest score down. */
  reverseRange(start: number, stop: number): T[] {
    const [first, last] = bounds(start, stop, this.count);
    if (first > last) return [];
    return this.slice(this.count - 1 - last, this.count - first).toReversed();
  }

  /** The highest whose score is below `limit`. */
  lastBelow(limit: number): T | undefined {
    const { chunks } = this;
    const at = firstIndex(chunks.length, (index) => chunks[index]!.at(-1)!.score >= limit);
    const chunk = chunks[at];
    const inside = chunk ? firstIndex(chunk.length, (index) => chunk[index]!.score >= limit) : 0;
    return inside > 0 ? chunk![inside - 1] : chunks[at - 1]?.at(-1);
  }

  /** How many have a score below `limit`. */
  countBelow(limit: number): number {
    const at = firstIndex(this.chunks.length, (index) => this.chunks[index]!.at(-1)!.score >= limit);
    let count = 0;
    for (let index = 0; index < at; index++) count += this.chunks[index]!.length;
    const chunk = this.chunks[at];
    return chunk ? count + firstIndex(chunk.length, (index) => chunk[index]!.score >= limit) : count;
  }

  /** The first chunk whose last item is not before this one. */
  private chunkOf(item: T): number {
    return firstIndex(this.chunks.length, (index) => !isBefore(this.chunks[index]!.at(-1)!, item));
  }
}
