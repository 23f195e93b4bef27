/**
 * No-op jobs a second at ten slots: a Nest app on this library against three plain BullMQ Workers, on one Redis of its own.
 * The same jobs, payloads and options on both sides; completed jobs are removed on both. The plain workers have a
 * concurrency of 6, 3 and 1. The app keeps history. Rounds alternate; the ratio is taken pair by pair.
 *
 * npm run bench throughput [jobs] [pairs]
 */
import { Worker } from 'bullmq';
import { done, inTurn, lineOf, NoopBench, QUEUES, ratioOf, type Round } from './noop.js';

const JOBS = Number(process.argv[2] ?? 10_000);
const PAIRS = Number(process.argv[3] ?? 5);

const bench = await NoopBench.open(JOBS);

async function plain(prefix: string): Promise<Round> {
  await bench.fill(prefix);
  const connection = { host: '127.0.0.1', port: bench.server.port, maxRetriesPerRequest: null };
  return bench.measure(async () => {
    const workers = QUEUES.map(
      ([queue, concurrency]) =>
        new Worker(queue, async () => done(), { connection, concurrency, prefix: `{${prefix}:${queue}}` }),
    );
    return () => Promise.all(workers.map((worker) => worker.close()));
  });
}

const pairs = await inTurn(PAIRS, plain, (prefix) => bench.product(prefix));
const rounds = { plain: pairs.map(({ first }) => first), product: pairs.map(({ second }) => second) };
console.log(lineOf('three plain Workers', rounds.plain));
console.log(lineOf('nestjs-job-scheduler', rounds.product));
console.log(`ratio, ${ratioOf(pairs)}`);
await bench.close();
