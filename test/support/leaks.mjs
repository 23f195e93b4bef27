/** Finds the timers, sockets, servers and processes that a spec file left behind. */
import { createHook } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** What was closed may take a moment to be gone. */
const grace = 3_000;
/** Jest's reporter, where it shares our process, redraws by short timers: they must not count as "was there before". */
const settling = 250;

/** Where each resource was made. Costs time, so only on demand. */
const origins = new Map();
if (process.env.LEAK_STACKS) {
  createHook({
    init(id, type) {
      if (/timeout|immediate|worker|wrap$/i.test(type)) origins.set(id, `${type}\n${ownFrames(new Error().stack)}`);
    },
    destroy: (id) => origins.delete(id),
  }).enable();
}

/** What keeps the process alive now. */
export async function snapshot() {
  // Opened by Node at first use: a test that prints first must not look like a leak.
  void process.stdout;
  void process.stderr;
  await poll(settling, () => !activeByType().Timeout);
  return {
    counts: activeByType(),
    handles: new Set(process._getActiveHandles()),
    origins: new Set(origins.keys()),
  };
}

/** Undefined when no more is alive than at `start`; else a message that names what is. */
export async function leakedSince(start) {
  const surplus = () =>
    Object.entries(activeByType())
      .map(([type, count]) => [count - (start.counts[type] ?? 0), type])
      .filter(([more]) => more > 0);
  if (await poll(grace, () => surplus().length === 0)) return undefined;
  const handles = process._getActiveHandles().filter((handle) => !start.handles.has(handle));
  const made = [...origins]
    .filter(([id, from]) => !start.origins.has(id) && from.includes('  at '))
    .map(([, from]) => from);
  return [
    `This file left behind: ${surplus()
      .map(([more, type]) => `${more} × ${type}`)
      .join(', ')}. It must close what it opens.`,
    ...handles.map((handle) => `  ${describe(handle)}`),
    ...(made.length > 0 ? made : ['LEAK_STACKS=1 npm test -- <file> shows where each was made.']),
  ].join('\n');
}

async function poll(within, holds) {
  const deadline = performance.now() + within;
  while (!holds()) {
    if (performance.now() >= deadline) return false;
    await pause(20);
  }
  return true;
}

function activeByType() {
  const counts = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function describe(handle) {
  const name = handle.constructor?.name ?? 'handle';
  if (handle.spawnfile) return `${name}: ${handle.spawnfile}, pid ${handle.pid}`;
  if (handle.remotePort) return `${name} to ${handle.remoteAddress}:${handle.remotePort}`;
  if (handle.listening) return `${name} that listens on ${JSON.stringify(handle.address())}`;
  return name;
}

function ownFrames(stack) {
  const frames = stack.split('\n').slice(1);
  return frames.filter((frame) => !/<anonymous>|\(?node:|node_modules\/jest|leak-?\w*\.mjs/.test(frame)).join('\n');
}
