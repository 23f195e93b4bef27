import type { Clock } from '../../definition/clock.js';
import type { PgPoolLike } from '../../options/connection.js';
import { StoreUnavailableError, StoreUnsupportedError } from '../../errors/store-errors.js';
import type { Store } from '../ports.js';
import { reasonOf } from '../store-away.js';
import { StoreDeadline } from '../store-deadline.js';
import { poolDriver, urlDriver } from './pool-driver.js';
import type { SqlDriver } from './sql-driver.js';
import { schemaOf } from './sql-names.js';
import { sqlStore } from './sql-store.js';

export interface PostgresStoreOptions {
  /** `postgres://`, or a `pg.Pool`, which stays open. */
  readonly connection: string | PgPoolLike;
  /** Names the schema. */
  readonly prefix: string;
  readonly clock: Clock;
}

/** How long boot waits for the server, in milliseconds; one more attempt to connect may come on top. */
const BOOT_DEADLINE = 5_000;

const OLDEST_MAJOR = 14;

/** Wrong password or role, no such database, no right to it: time mends none. */
const DENIED = /^(?:28...|3D000|42501)$/;

/**
 * Connects to PostgreSQL, and creates or updates the schema. A pooler in between must keep sessions, since notifications
 * need one. BullMQ compares times of its workers: their clocks must agree within `lockDuration`.
 * @throws StoreUnavailableError within 10 s, StoreUnsupportedError, DriverMissingError
 */
export async function openPostgresStore({ connection, prefix, clock }: PostgresStoreOptions): Promise<Store> {
  const schema = schemaOf(prefix, 'PostgreSQL');
  const driver =
    typeof connection === 'string' ? await urlDriver(connection, schema, clock) : poolDriver(connection, schema);
  try {
    await untilConnected(driver, clock);
  } catch (error) {
    await driver.close();
    throw error;
  }
  return sqlStore('postgres', driver, schema, clock);
}

async function untilConnected(driver: SqlDriver, clock: Clock): Promise<void> {
  const deadline = clock.now() + BOOT_DEADLINE;
  // A pool of the user may wait without end.
  const patience = new StoreDeadline(driver.address, clock, BOOT_DEADLINE);
  for (;;) {
    try {
      const { rows } = await patience.run(
        driver.query<{ number: string; version: string }>(
          `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
        ),
      );
      const { number, version } = rows[0]!;
      if (Number(number) >= OLDEST_MAJOR * 10_000) return;
      throw new StoreUnsupportedError(
        driver.address,
        `is PostgreSQL ${version}. Jobs need PostgreSQL ${OLDEST_MAJOR} or newer.`,
      );
    } catch (error) {
      if (error instanceof StoreUnsupportedError) throw error;
      const reason = error instanceof StoreUnavailableError ? (error.cause ?? error) : error;
      if (DENIED.test(String((reason as { code?: unknown }).code)))
        throw new StoreUnavailableError(driver.address, `refused the connection: ${reasonOf(reason)}`, reason);
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (clock.now() >= deadline)
        throw new StoreUnavailableError(
          driver.address,
          `did not answer within ${BOOT_DEADLINE / 1000} s: ${reasonOf(reason)}`,
          reason,
        );
      await clock.sleep(200);
    }
  }
}
