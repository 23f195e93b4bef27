import { afterEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import { Client } from 'pg';
import { TICK_QUEUE } from '#src/store/names.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { startApp, type TestApp } from './app.js';
import { figure } from '../support/figure.js';

Logger.overrideLogger(false);

let started: TestApp | undefined;
afterEach(() => started?.app.close());

const MANY = 10_000;

/** Counts what clients send, each command and each query as one: no more round trips can have been made. */
function countSent(): { readonly count: () => number; readonly stop: () => void } {
  let count = 0;
  const undo = [Redis.prototype, Cluster.prototype, Client.prototype].map((prototype) => {
    const owner = prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const method = prototype === Client.prototype ? 'query' : 'sendCommand';
    const real = owner[method]!;
    owner[method] = function (this: unknown, ...args: unknown[]) {
      count++;
      return real.apply(this, args);
    };
    return () => void (owner[method] = real);
  });
  return { count: () => count, stop: () => undo.forEach((each) => each()) };
}

it.each(sharedStores)('10,000 schedules, unchanged: few round trips at boot, on %s', async (name, connection) => {
  const schedule = Array.from({ length: MANY }, (_, n) =>
    n % 2 === 0 ? `${n % 60} ${n % 24} ${1 + (n % 28)} * *` : `every ${60 + n}m`,
  );
  started = await startApp(
    {
      options: { connection, prefix: randomPrefix(), autoStart: false, role: 'scheduler' },
      jobs: [{ name: 'many', schedule }],
    },
    () => undefined,
  );
  const boots: { ms: number; trips: number }[] = [];
  for (let boot = 0; boot < 2; boot++) {
    const sent = countSent();
    const startedAt = performance.now();
    await started.jobs.start();
    boots.push({ ms: Math.round(performance.now() - startedAt), trips: sent.count() });
    sent.stop();
    await started.jobs.stop();
  }
  const [first, second] = boots as [(typeof boots)[0], (typeof boots)[0]];
  figure(
    `${MANY} schedules on ${name}: first boot ${first.ms} ms and ${first.trips} round trips, unchanged ${second.ms} ms and ${second.trips}`,
  );
  expect((await started.store.queues.schedulers(TICK_QUEUE)).length).toBe(MANY);
  expect(second.trips).toBeLessThanOrEqual(first.trips / 20);
  expect(second.trips).toBeLessThan(100);
});
