import { expect, it } from '@jest/globals';
import type { StoredExecution } from '../store/ports/execution-record.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import { isRetriedElsewhere } from './earlier-starts.js';

const attempt = (n: number) => ({ attempt: n, startedAt: 1, finishedAt: 2, workerId: 'w' });
const stored = (last: number, more: Partial<StoredExecution> = {}) =>
  ({ final: 'failed', fence: last, attempts: [attempt(last)], steps: [], ...more }) as unknown as StoredExecution;
const started = (fence: number, n: number, crashes: number) => ({ fence, attempt: n, crashes }) as QueuedExecution;

it.each([
  ['BullMQ was told of its end, and brought it back', stored(4), started(5, 5, 0), true],
  ['so, although a worker of it had died before', stored(4), started(6, 5, 1), true],
  ['brought back with all its attempts', stored(1), started(2, 1, 0), true],
  ['its worker died before the queue was told', stored(4), started(5, 4, 1), false],
  ['so at its first attempt', stored(1), started(2, 1, 1), false],
  ['another job with its id', stored(1), started(1, 1, 0), false],
  ['it has completed', stored(1, { final: 'completed' }), started(2, 2, 0), false],
  ['it goes on', stored(1, { final: undefined as never }), started(2, 2, 0), false],
  ['it was never tried', stored(1, { attempts: [] }), started(2, 1, 0), false],
])('%s', (_case, record, start, expected) => {
  expect(isRetriedElsewhere(record, start)).toBe(expected);
});
