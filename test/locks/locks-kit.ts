/** Lock services on a store each, as two processes have them. All is closed after each test. */
import { afterEach } from '@jest/globals';
import { SystemClock } from '#src/common/clock.js';
import { LockService } from '#src/service/locks/lock-service.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

export const clock = new SystemClock();

let closers: (() => Promise<unknown>)[] = [];

/** Closes in the order opposite to opening. */
export function atEnd(close: () => Promise<unknown>): void {
  closers.push(close);
}

afterEach(async () => {
  const all = closers.toReversed();
  closers = [];
  for (const close of all) await close();
});

export interface Side {
  readonly locks: LockService;
  readonly store: Store;
}

/** A lock service, as the module of a process has it. */
export function serviceOn(store: Store): Side {
  const holder = new StoreHolder();
  holder.set(store);
  const locks = new LockService(holder, clock);
  atEnd(() => locks.close());
  return { locks, store };
}

export async function openSide(connection: string, prefix = randomPrefix()): Promise<Side> {
  const store = await openStore({ connection, prefix, clock });
  atEnd(() => store.close());
  return serviceOn(store);
}

/** How many wait for a key of a user. */
export async function waitersOf({ store }: Side, key: string): Promise<number> {
  const probe = await store.locks.acquire(`user:${key}`, 'probe', { ttl: 1_000, line: 1_000 });
  await store.locks.release(`user:${key}`, 'probe');
  if (probe.held) return 0;
  return probe.place;
}

export function untilWaiting(side: Side, key: string, count: number): Promise<true> {
  return until(`${count} wait for ${key}`, async () => (await waitersOf(side, key)) === count);
}

/** Takes the lock away from whoever has it, as its time running out in the store does. */
export async function takeAway({ store }: Side, key: string): Promise<void> {
  const leases = await store.locks.holders(`user:${key}`);
  for (const { holder } of leases) await store.locks.release(`user:${key}`, holder);
}
