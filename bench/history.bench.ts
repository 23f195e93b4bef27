/**
 * What history costs: no-op jobs a second at ten slots, with `history: false` and with history, on one Redis of its own.
 * Rounds alternate; the ratio is taken pair by pair. With history each run is recorded, listed, counted and pruned.
 *
 * npm run bench history [jobs] [pairs]
 */
import { inTurn, lineOf, NoopBench, ratioOf } from './noop.js';

const JOBS = Number(process.argv[2] ?? 10_000);
const PAIRS = Number(process.argv[3] ?? 5);

const bench = await NoopBench.open(JOBS);
const pairs = await inTurn(
  PAIRS,
  (prefix) => bench.product(prefix, { history: false }),
  (prefix) => bench.product(prefix),
);
const rounds = { off: pairs.map(({ first }) => first), on: pairs.map(({ second }) => second) };
console.log(lineOf('history: false', rounds.off));
console.log(lineOf('history', rounds.on));
console.log(`ratio, ${ratioOf(pairs)}`);
await bench.close();
