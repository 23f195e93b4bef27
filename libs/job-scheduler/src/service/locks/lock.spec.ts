import { expect, test } from '@jest/globals';
import { HeldClock, turns } from '../../../../../test/support/held-clock.js';
import { HeldLock } from './lock.js';

test('what is not awaited of a lock ends no process while the store is away, and whoever awaits it has the error', async () => {
  const away = () => Promise.reject(new Error('away'));
  const lock = new HeldLock('key', 1, 0, 60_000, new HeldClock(), {
    extend: away,
    release: away,
    onEnd: () => undefined,
  });
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    void lock.extend('1m');
    void lock.extend('a minute' as '1m');
    await expect(lock.extend('1m')).rejects.toThrow('away');
    void lock.release();
    await turns();
    await expect(lock.release()).rejects.toThrow('away');
    await turns();
  } finally {
    process.off('unhandledRejection', note);
  }
  expect(unhandled).toEqual([]);
});
