/**
 * What the fast finish on Redis is worth: no-op jobs a second at ten slots, each recorded in a call of its own before its
 * end; then as the library does it, in the call that ends the job (libs/job-scheduler/src/store/redis/finish/README.md).
 * One Redis of its own; rounds alternate; the ratio is taken pair by pair.
 *
 * npm run bench finish [jobs] [pairs]
 */
import { RedisExecutionStore } from '#src/store/redis/redis-execution-store.js';
import { RedisConnections } from '#src/store/redis/connection/redis-connections.js';
import { inTurn, lineOf, NoopBench, ratioOf, type Round } from './noop.js';

const JOBS = Number(process.argv[2] ?? 10_000);
const PAIRS = Number(process.argv[3] ?? 5);

const bench = await NoopBench.open(JOBS);

/** What the library would use if BullMQ's script were another than the one it knows. */
const without = [
  { owner: RedisExecutionStore.prototype, member: 'finishWithRecord', as: { get: () => undefined } },
  { owner: RedisConnections.prototype, member: 'finishSender', as: { value: () => undefined } },
];

/** The record by itself, and BullMQ's calls by ioredis. */
async function apart(prefix: string): Promise<Round> {
  const own = without.map(({ owner, member }) => Object.getOwnPropertyDescriptor(owner, member)!);
  for (const { owner, member, as } of without) Object.defineProperty(owner, member, { configurable: true, ...as });
  try {
    return await bench.product(prefix);
  } finally {
    for (const [n, { owner, member }] of without.entries()) Object.defineProperty(owner, member, own[n]!);
  }
}

const pairs = await inTurn(PAIRS, apart, (prefix) => bench.product(prefix));
const rounds = { apart: pairs.map(({ first }) => first), together: pairs.map(({ second }) => second) };
console.log(lineOf('record, then end', rounds.apart));
console.log(lineOf('record with the end', rounds.together));
console.log(`ratio, ${ratioOf(pairs)}`);
await bench.close();
