import { appendFileSync } from 'node:fs';

/** A figure that a test measured, or a word about what it left out: printed at the end of the run, once. */
export function figure(line: string): void {
  if (process.env.TEST_FIGURES) appendFileSync(process.env.TEST_FIGURES, `${line}\n`);
}
