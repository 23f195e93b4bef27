import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../common/clock.js';
import { StoreUnsupportedError } from '../../../errors/store-errors.js';
import { SIGNAL_CHANNEL } from './notification-hub.js';
import type { SqlDriver } from './sql-driver.js';

/** How often a notification is sent, and how long it is waited for each time, in milliseconds. */
const TRIES = 5;
const PATIENCE = 1_000;

/**
 * Makes sure at boot that what one connection sends another one hears. A pooler in transaction mode takes LISTEN without a
 * word, and passes nothing on: each job would wait for the next look at the tables.
 * @throws StoreUnsupportedError
 */
export async function checkNotifications(driver: SqlDriver, clock: Clock): Promise<void> {
  const channel = `${SIGNAL_CHANNEL}boot_${randomBytes(8).toString('hex')}`;
  const heard = new AbortController();
  const lost = new AbortController();
  const over = AbortSignal.any([heard.signal, lost.signal]);
  const listener = await driver.listen([channel], {
    onNotification: () => heard.abort(),
    onLost: (error) => lost.abort(error),
  });
  try {
    await driver.session(async (client) => {
      for (let tries = 0; tries < TRIES && !over.aborted; tries++) {
        await client.query('SELECT pg_notify($1, $2)', [channel, '']);
        await clock.sleep(PATIENCE, over);
      }
    });
  } finally {
    await listener.close();
  }
  lost.signal.throwIfAborted();
  if (!heard.signal.aborted)
    throw new StoreUnsupportedError(
      driver.address,
      'passes no notifications on: there is a pooler in transaction mode in between. Connect to the server itself, or through a pool that keeps sessions (PgBouncer: pool_mode = session; Neon: the host without "-pooler"; Supabase: port 5432).',
    );
}
