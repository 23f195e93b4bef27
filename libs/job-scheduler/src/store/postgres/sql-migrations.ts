import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, runMigrations } from 'bullmq';
import { MIGRATIONS } from './migrations/index.js';
import type { SqlClient, SqlDriver } from './driver/sql-driver.js';
import type { SqlNames } from './sql-names.js';

/** Spells `NJS1`: with the schema's name, the lock under which our migrations run. */
const LOCK = 0x4e4a5331;

const UNDEFINED_TABLE = '42P01';

/** Brings BullMQ's tables and ours up to date. Many processes may do so at once; without a migration to run, nothing is locked. */
export async function migrate(driver: SqlDriver, names: SqlNames): Promise<void> {
  if ((await bullVersion(driver, names)) < LATEST_SCHEMA_VERSION) {
    await driver.session((client) => runMigrations(forBull(client, names) as never, names.plainSchema));
  }
  if ((await ourVersion(driver, names)) < MIGRATIONS.length) {
    await driver.session((client) => migrateOurs(client, names));
  }
}

/**
 * For migrations, over what the role has set: with one snapshot for the whole transaction, the second of two
 * processes would not see what the first has made, and one that waits for its turn does not count as hanging.
 */
const SETTINGS = `SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0`;

/** To create a schema that is there, PostgreSQL wants the right to create any: BullMQ asks for it only where it is not. */
function forBull(client: SqlClient, names: SqlNames): SqlClient {
  return {
    async query(text, parameters) {
      if (text.startsWith('CREATE SCHEMA') && (await hasSchema(client, names))) return { rows: [] };
      const result = await client.query<never>(text, parameters);
      if (text === 'BEGIN') await client.query(SETTINGS);
      return result;
    },
  };
}

async function hasSchema(client: SqlClient, names: SqlNames): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS there',
    [names.plainSchema],
  );
  return rows[0]!.there;
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
    await client.query(SETTINGS);
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
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
