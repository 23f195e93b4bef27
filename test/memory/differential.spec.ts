/**
 * Random sequences of BullMQ's public calls, on Redis and in memory: every answer, and all that can be read afterwards, must
 * be the same. A failure names its seed. `DIFFERENTIAL_SEQUENCES`, `DIFFERENTIAL_SEED` and `DIFFERENTIAL_LENGTH` choose others.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { replay } from './differential/replay.js';
import { makeSequence } from './differential/sequence.js';
import { memorySide, redisSide, type Side } from './differential/side.js';
import { snapshot } from './differential/snapshot.js';
import { VirtualTime } from './differential/virtual-time.js';

const SEQUENCES = Number(process.env['DIFFERENTIAL_SEQUENCES'] ?? 2_000);
const FIRST_SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 1);
const LENGTH = Number(process.env['DIFFERENTIAL_LENGTH'] ?? 30);
const START = 1_700_000_000_000;

let server: Awaited<ReturnType<typeof startRedis>>;
let client: Redis;

beforeAll(async () => {
  // Emptied after each sequence, so one of its own.
  server = await startRedis();
  client = new Redis(server.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  await client.quit();
  await server.stop();
});

async function run(side: Side, seed: number): Promise<unknown[]> {
  const time = new VirtualTime(START);
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
    time.restore();
    await side.close();
  }
}

test(
  `${SEQUENCES} sequences give the same on Redis and in memory`,
  async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) {
      const inMemory = await run(memorySide(randomPrefix()), seed);
      const onRedis = await run(redisSide(client), seed);
      await client.flushall();
      try {
        // Jest compares slowly, and explains well.
        if (isDeepStrictEqual(inMemory, onRedis)) continue;
        for (const [index, expected] of onRedis.entries()) expect(inMemory[index]).toEqual(expected);
      } catch (error) {
        throw new Error(`Seed ${seed} differs: ${(error as Error).message}`, { cause: error });
      }
    }
  },
  20 * 60_000,
);
