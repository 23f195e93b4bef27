/** Holds a lock in a process of its own, until it is killed. Arguments: connection, prefix, key, ttl. */
import { SystemClock } from '#src/common/clock.js';
import type { Duration } from '#src/common/duration.js';
import { LockService } from '#src/service/locks/lock-service.js';
import { openStore } from '#src/store/open-store.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { tell } from '../support/tell.js';

const [connection, prefix, key, ttl] = process.argv.slice(2) as [string, string, string, Duration];
const clock = new SystemClock();
const holder = new StoreHolder();
holder.set(await openStore({ connection, prefix, clock }));
await new LockService(holder, clock).withLock(key, ttl, async ({ fence }) => {
  tell('holds', { fence });
  await new Promise(() => undefined);
});
