import { appendFileSync } from 'node:fs';

/** Of measured times: the middle one and the longest, in words and as numbers. */
export function spread(times: readonly number[]): {
  readonly words: string;
  readonly median: number;
  readonly most: number;
} {
  const sorted = times.toSorted((a, b) => a - b);
  const [median, most] = [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
  return { words: `median ${Math.round(median)} ms, longest ${Math.round(most)} ms of ${sorted.length}`, median, most };
}

/** A figure that a test measured, or a word about what it left out: printed at the end of the run, once. */
export function figure(line: string): void {
  if (process.env.TEST_FIGURES) appendFileSync(process.env.TEST_FIGURES, `${line}\n`);
}
