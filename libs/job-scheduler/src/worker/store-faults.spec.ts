import { expect, test } from '@jest/globals';
import { StoreUnavailableError } from '../errors/store-errors.js';
import { RetryLimit } from './store-faults.js';

const coded = (code: string | number, message = 'no') => Object.assign(new Error(message), { code });

/** How many times an error of one call is borne, of so many. */
function borneOf(error: unknown, tries = 100): number {
  const limit = new RetryLimit();
  for (let n = 0; n < tries; n++) if (limit.isReachedBy(error)) return n;
  return tries;
}

test.each<[string, unknown]>([
  ['no connection', coded('ECONNREFUSED')],
  ['a closed connection of ioredis', new Error('Connection is closed.')],
  ['an answer that is late', new StoreUnavailableError('redis://x', 'did not answer')],
  ['a replica', new Error("READONLY You can't write against a read only replica.")],
  ['a full memory', new Error("OOM command not allowed when used memory > 'maxmemory'.")],
  ['a failed snapshot', new Error('MISCONF Redis is configured to save RDB snapshots')],
  ['a right that is missing', new Error('NOPERM this user has no permissions')],
  ['a killed backend', coded('57P01')],
  ['a deadlock', coded('40P01')],
  ['a serialization failure', coded('40001')],
  ['a full disk', coded('53100')],
  ['a statement that took too long', coded('57014')],
  ['a lock that was not given', coded('55P03')],
  ['a missing right on a table', coded('42501')],
])('a call is repeated for as long as the store says: %s', (_, error) => {
  expect(borneOf(error)).toBe(100);
});

test.each<[string, unknown, number]>([
  ['data that PostgreSQL refuses', coded('22P05'), 0],
  ['a code of BullMQ', coded(-5), 0],
  ['a value that is no JSON', new TypeError('Do not know how to serialize a BigInt'), 1],
  ['a key of another type', new Error('WRONGTYPE Operation against a key holding the wrong kind of value'), 59],
  ['a script with a fault', new Error('ERR user_script:1: Script attempted to access nonexistent global variable'), 59],
  ['an unknown error', new Error('odd'), 59],
  ['what is no error', 'odd', 59],
])('a call is abandoned after some tries: %s', (_, error, borne) => {
  expect(borneOf(error)).toBe(borne);
});

test('a store error in between does not count', () => {
  const limit = new RetryLimit();
  for (let n = 0; n < 59; n++) expect(limit.isReachedBy(new Error('odd'))).toBe(false);
  expect(limit.isReachedBy(coded('ECONNRESET'))).toBe(false);
  expect(limit.isReachedBy(new Error('odd'))).toBe(true);
});
