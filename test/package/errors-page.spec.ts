/** docs/errors.md lists the codes that there are, and the statuses that they have. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ERROR_CODES } from '../../libs/job-scheduler/src/errors/error-codes.js';
import { ERROR_STATUS } from '../../libs/job-scheduler/src/http/problems/error-status.js';

test('the page of errors has one line for every code, with its HTTP status, when it comes and what to do', () => {
  const page = readFileSync('docs/errors.md', 'utf8');
  const lines = [...page.matchAll(/^\| `([A-Z_]+)` +\| (\d{3}) +\|(.*)\|$/gm)];
  const listed = lines.map(([, code, status]) => [code!, Number(status)]);
  expect(listed).toHaveLength(ERROR_CODES.length);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(ERROR_CODES.map((code) => [code, ERROR_STATUS[code]])));
  for (const [, code, , rest] of lines) {
    const filled = rest!.split(' | ').filter((cell) => cell.trim() !== '');
    expect([code, filled.length]).toEqual([code, 2]);
  }
});
