import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, runMigrations } from 'bullmq';
import { recordsMigration } from './migrations/0001-records.js';
import { schedulesMigration } from './migrations/0002-schedules.js';
import { locksMigration } from './migrations/0003-locks.js';
import { historyMigration } from './migrations/0004-history.js';
import { logsMigration } from './migrations/0005-logs.js';
import { addWithinMigration } from './migrations/0006-add-within.js';
import type { SqlClient, SqlDriver } from './sql-driver.js';
import type { SqlNames } from './sql-names.js';

/** In order. What has been published is never changed: add another. */
const MIGRATIONS: readonly ((names: SqlNames) => string)[] = [
  recordsMigration,
  schedulesMigration,
  locksMigration,
  historyMigration,
  logsMigration,
  addWithinMigration,
];

/** Spells `NJS1`: with the schema's name, the lock under which our migrations run. */
const LOCK = 0x4e4a5331;

const UNDEFINED_TABLE = '42P01';

/** Brings BullMQ's tables and ours up to date. Many processes may do so at once; nothing is locked when nothing is to do. */
export async function migrate(driver: SqlDriver, names: SqlNames): Promise<void> {
  if ((await bullVersion(driver, names)) < LATEST_SCHEMA_VERSION) {
    await driver.session((client) => runMigrations(client as never, names.plainSchema));
  }
  if ((await ourVersion(driver, names)) < MIGRATIONS.length) {
    await driver.session((client) => migrateOurs(client, names));
  }
}

async function bullVersion(client: SqlClient, names: SqlNames): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, names.plainSchema);
  } catch (error) {
    if ((error as Error).name === 'SchemaMigrationRequiredError') return -1;
    throw error;
  }
}

async function ourVersion(client: SqlClient, names: SqlNames): Promise<number> {
  try {
    const { rows } = await client.query<{ version: number }>(
      `SELECT coalesce(max(version), 0)::int AS version FROM ${names.migration}`,
    );
    return rows[0]!.version;
  } catch (error) {
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return -1;
    throw error;
  }
}

async function migrateOurs(client: SqlClient, names: SqlNames): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1::int, hashtext($2))', [LOCK, names.plainSchema]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${names.migration} (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    for (let version = (await ourVersion(client, names)) + 1; version <= MIGRATIONS.length; version++) {
      await client.query(MIGRATIONS[version - 1]!(names));
      await client.query(`INSERT INTO ${names.migration} (version) VALUES ($1)`, [version]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
