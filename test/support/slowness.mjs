/**
 * How slow this machine is now, next to the one where the ceilings of waits were set. Measured on all cores at once, so
 * that busy neighbours count as well as a slow processor.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

/** What a round takes on the quiet machine where the ceilings were set, in milliseconds. */
const REFERENCE = 60;
const ROUNDS = 5;
/** A stopped clock or a swapping machine must not make a hanging test wait for ever. */
const MOST = 20;

/** 1 on a machine as fast as the reference or faster, 4 where the same work takes four times as long. */
export async function measureSlowness() {
  const rounds = await Promise.all(Array.from({ length: availableParallelism() }, measureOnce));
  const median = rounds.flat().toSorted((a, b) => a - b)[Math.floor((rounds.length * ROUNDS) / 2)];
  return Math.min(MOST, Math.max(1, Math.round((median / REFERENCE) * 10) / 10));
}

function measureOnce() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url));
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Arithmetic of a fixed amount. */
function round() {
  const startedAt = performance.now();
  let mixed = 1;
  for (let n = 0; n < 10_000_000; n++) mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) + n;
  return [performance.now() - startedAt, mixed];
}

if (!isMainThread && parentPort) {
  round();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread's port has no origin.
  parentPort.postMessage(Array.from({ length: ROUNDS }, () => round()[0]));
}
