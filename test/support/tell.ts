import { writeSync } from 'node:fs';

/**
 * For child processes of tests: tells the test that something happened. Written at once and in order, so that what was
 * told before a `kill -9` has arrived.
 */
export function tell(event: string, fields: object = {}): void {
  writeSync(1, `${JSON.stringify({ event, ...fields })}\n`);
}
