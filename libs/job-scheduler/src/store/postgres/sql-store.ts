import type { Clock } from '../../common/clock.js';
import { Availability } from '../availability.js';
import type { Store } from '../ports/ports.js';
import { StoreDeadline } from '../store-deadline.js';
import { callersDriver } from './driver/callers-driver.js';
import { NotificationHub } from './driver/notification-hub.js';
import { sqlBackend } from './driver/schema-connection.js';
import type { SqlDriver } from './driver/sql-driver.js';
import { bootFault } from './driver/sql-fault.js';
import { SqlDeadLetterStore } from './sql-dead-letter-store.js';
import { SqlEngine } from './sql-engine.js';
import { SqlExecutionStore } from './sql-execution-store.js';
import { SqlHistoryStore } from './sql-history-store.js';
import { SqlHeartbeatStore } from './sql-heartbeat-store.js';
import { SqlMarkerStore } from './sql-marker-store.js';
import { SqlLockStore } from './sql-lock-store.js';
import { SqlLogStore } from './sql-log-store.js';
import { migrate } from './sql-migrations.js';
import { SqlScheduleStore } from './sql-schedule-store.js';
import { SQL_NOW, sqlNames } from './sql-names.js';
import { SqlSignals } from './sql-signals.js';

/**
 * A store on an SQL database: migrates, starts to listen, and puts the parts together.
 * The driver is closed with the store, and when the store cannot be opened.
 * @param inTime runs what opens it, again if need be, and says in an error of ours why it cannot.
 * @throws StoreUnavailableError, StoreUnsupportedError
 */
export async function sqlStore(
  kind: 'postgres' | 'embedded',
  driver: SqlDriver,
  schema: string,
  clock: Clock,
  inTime: (open: () => Promise<void>) => Promise<void> = (open) => once(open, driver, schema),
): Promise<Store> {
  const names = sqlNames(schema);
  const availability = new Availability();
  const hub = new NotificationHub(driver, availability, clock);
  try {
    await inTime(async () => {
      await migrate(driver, names);
      await hub.open();
    });
  } catch (error) {
    await hub.close();
    await driver.close();
    throw error;
  }

  const { address } = driver;
  const deadline = new StoreDeadline(address, clock);
  const callers = callersDriver(driver);
  let closed: Promise<void> | undefined;
  const close = async () => {
    availability.close();
    await hub.close();
    await driver.close();
  };
  return {
    kind,
    address,
    turns: deadline.turns,
    queues: new SqlEngine(
      sqlBackend(driver, names, hub, clock),
      sqlBackend(callers, names, hub, clock),
      deadline,
      callers,
    ),
    executions: new SqlExecutionStore(driver, callers, names, deadline),
    deadLetters: new SqlDeadLetterStore(callers, deadline),
    history: new SqlHistoryStore(callers, names, deadline),
    markers: new SqlMarkerStore(driver, names, deadline),
    heartbeats: new SqlHeartbeatStore(driver, names, deadline),
    locks: new SqlLockStore(driver, callers, names, deadline),
    logs: new SqlLogStore(callers, names, deadline),
    schedules: new SqlScheduleStore(driver, names, deadline),
    signals: new SqlSignals(driver, schema, hub, deadline),
    ping: async () => {
      await deadline.run(driver.query('SELECT 1'));
    },
    now: async () => {
      const { rows } = await deadline.run(driver.query<{ now: string | number }>(`SELECT ${SQL_NOW} AS now`));
      return Number(rows[0]!.now);
    },
    onAvailability: (listener) => availability.listen(listener),
    close: () => (closed ??= close()),
  };
}

async function once(open: () => Promise<void>, driver: SqlDriver, schema: string): Promise<void> {
  try {
    await open();
  } catch (error) {
    throw await bootFault(error, driver, schema);
  }
}
