import { atMost } from '../../../common/at-most.js';
import type { SqlDriver } from './sql-driver.js';

/**
 * A driver for calls of the app, of which there may be any number at once: they take turns on some of the connections, in
 * order. The others are left to what runs jobs: renewals of locks never wait behind calls.
 */
export function callersDriver(driver: SqlDriver): SqlDriver {
  const { size } = driver;
  if (size === undefined) return driver;
  const inTurn = atMost(Math.max(1, size - Math.max(1, Math.floor(size / 3))));
  return {
    address: driver.address,
    size,
    query: (text, parameters) => inTurn(() => driver.query(text, parameters)),
    queryInSchema: (text, parameters) => inTurn(() => driver.queryInSchema(text, parameters)),
    session: (work) => driver.session(work),
    listen: (channels, events) => driver.listen(channels, events),
    close: () => driver.close(),
  };
}
