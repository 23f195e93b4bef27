/**
 * Random sequences of BullMQ's public calls, on Redis and in memory: every answer, and all that can be read afterwards, must
 * be the same. A failure names its seed. `DIFFERENTIAL_SEED` and
 * `DIFFERENTIAL_LENGTH` choose others.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { scaled } from '../support/machine.js';
import { startRedis, type TestServer } from '../support/servers.mjs';
import { inSuite } from '../support/suite.js';
import { replay } from './differential/replay.js';
import { makeSequence } from './differential/sequence.js';
import { memorySide, redisSide, type Side } from './differential/side.js';
import { snapshot } from './differential/snapshot.js';
import { VirtualTime } from './differential/virtual-time.js';

const SEQUENCES = inSuite(150, 1_000);
const FIRST_SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 1);
const LENGTH = Number(process.env['DIFFERENTIAL_LENGTH'] ?? 30);
const START = 1_700_000_000_000;

/** Sequences that run beside each other: one by itself mostly waits for Redis. */
const WORKERS = 8;

async function run(openSide: (prefix: string) => Side, seed: number): Promise<unknown[]> {
  const time = new VirtualTime(START);
  return time.run(async () => {
    const side = openSide(`seed-${seed}`);
    try {
      await side.ready();
      const answers: unknown[] = [];
      for (const step of makeSequence(seed, LENGTH)) {
        // No two calls in one millisecond: the order of jobs within one is not part of the contract.
        time.advance(1);
        answers.push({ step, answer: await replay(side, step, time) });
      }
      return [...answers, await snapshot(side)];
    } finally {
      await side.close();
    }
  });
}

async function compare(client: Redis, seed: number): Promise<void> {
  const inMemory = await run(memorySide, seed);
  const onRedis = await run((prefix) => redisSide(client, prefix), seed);
  // Jest compares slowly, and explains well.
  if (isDeepStrictEqual(inMemory, onRedis)) return;
  try {
    for (const [index, expected] of onRedis.entries()) expect(inMemory[index]).toEqual(expected);
  } catch (error) {
    throw new Error(`Seed ${seed} differs: ${(error as Error).message}`, { cause: error });
  }
}

function* seeds(): Generator<number> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) yield seed;
}

let server: TestServer;
let client: Redis;
let restoreTime: () => void;

beforeAll(async () => {
  // Full of their keys at the end, so one of its own.
  server = await startRedis();
  client = new Redis(server.url, { maxRetriesPerRequest: null });
  restoreTime = VirtualTime.install();
});
afterAll(async () => {
  restoreTime();
  await client.quit();
  await server.stop();
});

test(
  `${SEQUENCES} sequences give the same on Redis and in memory`,
  async () => {
    // One for all lanes: it ends for all of them when one throws.
    const left = seeds();
    let compared = 0;
    const worker = async (): Promise<void> => {
      for (const seed of left) {
        await compare(client, seed);
        compared++;
      }
    };
    // To the end, also where one fails: they use the same server.
    const ends = await Promise.allSettled(Array.from({ length: WORKERS }, worker));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    expect(compared).toBe(SEQUENCES);
  },
  scaled(20 * 60_000),
);
