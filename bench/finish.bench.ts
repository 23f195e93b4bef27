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

/** As on a server that knows another finish script than ours: the record by itself, BullMQ's calls by ioredis. */
async function apart(prefix: string): Promise<Round> {
  const own = Object.getOwnPropertyDescriptor(RedisExecutionStore.prototype, 'finishWithRecord')!;
  const { finishSender } = RedisConnections.prototype;
  Object.defineProperty(RedisExecutionStore.prototype, 'finishWithRecord', {
    configurable: true,
    get: () => undefined,
  });
  RedisConnections.prototype.finishSender = () => undefined;
  try {
    return await bench.product(prefix);
  } finally {
    Object.defineProperty(RedisExecutionStore.prototype, 'finishWithRecord', own);
    RedisConnections.prototype.finishSender = finishSender;
  }
}

const pairs = await inTurn(PAIRS, apart, (prefix) => bench.product(prefix));
const rounds = { apart: pairs.map(({ first }) => first), together: pairs.map(({ second }) => second) };
console.log(lineOf('record, then end', rounds.apart));
console.log(lineOf('record with the end', rounds.together));
console.log(`ratio, ${ratioOf(pairs)}`);
await bench.close();
