import { afterEach, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SystemClock } from '../../common/clock.js';
import { openStore } from '../../store/open-store.js';
import type { Store } from '../../store/ports/ports.js';
import { HistorySweep } from './history-sweep.js';

Logger.overrideLogger(false);

const clock = new SystemClock();
const sweeps: HistorySweep[] = [];
const stores: Store[] = [];
afterEach(async () => {
  await Promise.all(sweeps.splice(0).map((sweep) => sweep.stop()));
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

const EVERY = 40;

async function opened() {
  const store = await openStore({ connection: 'memory:', prefix: `sweep-${Math.random()}`, clock });
  stores.push(store);
  return store;
}

/** The store, with each sweep told. */
function watched(store: Store, who: string, onSweep: (who: string) => void): Pick<Store, 'history' | 'locks'> {
  const history = Object.create(store.history, {
    sweep: { value: () => store.history.sweep().then(() => onSweep(who)) },
  }) as Store['history'];
  return { history, locks: store.locks };
}

test('deletes what is too old, again and again, although nothing of the job ends any more', async () => {
  const store = await opened();
  let swept = () => undefined as void;
  const next = () => new Promise<void>((resolve) => (swept = resolve));
  const sweep = new HistorySweep(
    watched(store, 'a', () => swept()),
    'a',
    clock,
    () => undefined,
    EVERY,
  );
  sweeps.push(sweep);
  sweep.start();
  for (const id of ['first', 'second']) {
    await store.executions.write([
      {
        id,
        job: 'once',
        queue: 'default',
        fence: 0,
        final: 'skipped',
        head: { trigger: 'schedule', createdAt: 1, completedAt: 2, maxAttempts: 1 },
        keep: { count: 10, age: 1 },
      },
    ]);
    // By the second of them it was old.
    await next();
    await next();
    expect((await store.history.stats(['once']))[0]?.ended.skipped).toBeGreaterThan(0);
    expect(await store.history.kept('once')).toMatchObject({ skipped: 0 });
  }
});

test('one process at a time; a failure is told, and the next round comes all the same', async () => {
  const store = await opened();
  const seen: string[] = [];
  let told = () => undefined as void;
  const swept = (who: string) => {
    seen.push(who);
    told();
  };
  const [a, b] = ['a', 'b'].map(
    (who) => new HistorySweep(watched(store, who, swept), who, clock, () => undefined, EVERY),
  );
  sweeps.push(a!, b!);
  for (const sweep of [a!, b!]) sweep.start();
  await new Promise<void>((resolve) => (told = () => seen.length >= 3 && resolve()));
  // Who has had a round keeps it.
  expect(new Set(seen).size).toBe(1);

  const errors: string[] = [];
  const away = {
    locks: store.locks,
    history: Object.create(store.history, {
      sweep: { value: () => Promise.reject(new Error(`away ${errors.length + 1}`)) },
    }) as Store['history'],
  };
  await Promise.all(sweeps.map((sweep) => sweep.stop()));
  await new Promise<void>((resolve) => {
    const broken = new HistorySweep(
      away,
      seen[0]!,
      clock,
      ({ message }) => {
        if (errors.push(message) === 2) resolve();
      },
      EVERY,
    );
    sweeps.push(broken);
    broken.start();
  });
  expect(errors).toEqual(['away 1', 'away 2']);
});
