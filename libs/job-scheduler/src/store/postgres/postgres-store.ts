import type { Clock } from '../../common/clock.js';
import type { PgPoolLike } from '../../options/connection.js';
import { StoreUnavailableError, StoreUnsupportedError } from '../../errors/store-errors.js';
import type { Store } from '../ports/ports.js';
import { StoreDeadline } from '../store-deadline.js';
import { checkNotifications } from './driver/check-notifications.js';
import { poolDriver, urlDriver } from './driver/pool-driver.js';
import { checkRights } from './driver/rights.js';
import type { SqlDriver } from './driver/sql-driver.js';
import { bootFault, isFinal, sqlStateOf } from './driver/sql-fault.js';
import { schemaOf } from './sql-names.js';
import { sqlStore } from './sql-store.js';

export interface PostgresStoreOptions {
  /** `postgres://`, or a `pg.Pool`, which stays open. */
  readonly connection: string | PgPoolLike;
  /** Names the schema. */
  readonly prefix: string;
  readonly clock: Clock;
}

/** How long boot tries, in milliseconds; one more attempt to connect may come on top. */
const BOOT_DEADLINE = 5_000;
/** A server that answers, but breaks connections or undoes transactions, gets this many tries, however slow it is. */
const FEWEST_TRIES = 4;

const OLDEST_MAJOR = 14;

/** `SQL_ASCII` takes all bytes as they come. */
const ENCODINGS = new Set(['UTF8', 'SQL_ASCII']);

/**
 * Connects to PostgreSQL, and creates or updates the schema. A pooler in between must keep sessions, since notifications
 * need one. BullMQ compares times of its workers: their clocks must agree within `lockDuration`.
 * @throws StoreUnavailableError within 10 s, StoreUnsupportedError, DriverMissingError
 */
export async function openPostgresStore({ connection, prefix, clock }: PostgresStoreOptions): Promise<Store> {
  const schema = schemaOf(prefix, 'PostgreSQL');
  const driver =
    typeof connection === 'string' ? await urlDriver(connection, schema, clock) : poolDriver(connection, schema, clock);
  return sqlStore('postgres', driver, schema, clock, (open) => inTime(open, driver, schema, clock));
}

/** Tries until the store is open, or time will not mend what is wrong. */
async function inTime(open: () => Promise<void>, driver: SqlDriver, schema: string, clock: Clock): Promise<void> {
  const deadline = clock.now() + BOOT_DEADLINE;
  for (let tries = 1; ; tries++) {
    try {
      await checkServer(driver, clock);
      // It takes its time to say no; and a pool of the user may wait without end.
      await new StoreDeadline(driver.address, clock, 2 * BOOT_DEADLINE).run(checkNotifications(driver, clock));
      await open();
      return await checkRights(driver, schema);
    } catch (error) {
      const answers = sqlStateOf(error) !== undefined;
      const isOver = clock.now() >= deadline && (tries >= FEWEST_TRIES || !answers);
      if (isOver || isFinal(error))
        throw await bootFault(error, driver, schema, answers ? '' : ` within ${BOOT_DEADLINE / 1000} s`);
      await clock.sleep(200);
    }
  }
}

async function checkServer(driver: SqlDriver, clock: Clock): Promise<void> {
  const { address } = driver;
  // A pool of the user may wait without end.
  const { rows } = await new StoreDeadline(address, clock, BOOT_DEADLINE).run(
    driver.session((client) =>
      client.query<{ number: string; version: string; encoding: string; readonly: string }>(
        `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
                current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS readonly`,
      ),
    ),
  );
  const { number, version, encoding, readonly } = rows[0]!;
  if (Number(number) < OLDEST_MAJOR * 10_000)
    throw new StoreUnsupportedError(
      address,
      `is PostgreSQL ${version}. Jobs need PostgreSQL ${OLDEST_MAJOR} or newer.`,
    );
  if (encoding && !ENCODINGS.has(encoding))
    throw new StoreUnsupportedError(
      address,
      `has the encoding ${encoding}, which cannot hold all texts. Make a database for jobs: CREATE DATABASE jobs ENCODING 'UTF8' TEMPLATE template0;`,
    );
  if (readonly === 'on')
    throw new StoreUnavailableError(
      address,
      'is read-only: a standby, or "default_transaction_read_only" is on. Connect to the primary, or set it off for this role.',
    );
}
