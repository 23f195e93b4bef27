import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { sqlNames } from '../sql-names.js';
import { MIGRATIONS } from './index.js';

/** SHA-256 of the SQL of each migration, the first one first. What has been published never changes. */
const CHECKSUMS: readonly string[] = ['2ee6c6ec13f36f58e9dd3049b2d542de5f60d717e629a6d69bf0e7a070854fc2'];

function expectFrozen(version: number, checksum: string): void {
  const frozen = CHECKSUMS[version - 1];
  if (checksum === frozen) return;
  throw new Error(
    frozen === undefined
      ? `Migration ${version} has no checksum. Add it when its SQL is ready: '${checksum}'.`
      : `Migration ${version} has changed. Databases that have it would not get the change: ` +
          'write a new migration instead, and leave this one, and the constants in it, as they were.',
  );
}

test.each(MIGRATIONS.map((_, index) => index + 1))('migration %i is as its checksum says', (version) => {
  const sql = MIGRATIONS[version - 1]!(sqlNames('jobs'));
  expectFrozen(version, createHash('sha256').update(sql).digest('hex'));
});

test('no migration has been removed', () => {
  expect(MIGRATIONS.length).toBeGreaterThanOrEqual(CHECKSUMS.length);
});
