import type { JobType } from 'bullmq';
import { QUEUES, type Side } from './side.js';

const STATES: readonly JobType[] = [
  'wait',
  'active',
  'prioritized',
  'delayed',
  'completed',
  'failed',
  'waiting-children',
];

/** All that can be read of a side at a moment when nothing happens. */
export async function snapshot(side: Side): Promise<unknown> {
  const queues: Record<string, unknown> = {};
  for (const name of QUEUES) queues[name] = await snapshotOf(side, name);
  return queues;
}

async function snapshotOf(side: Side, name: (typeof QUEUES)[number]): Promise<unknown> {
  const { backend, queue } = side.rooms[name];
  const [ascending, descending, counts] = await Promise.all([
    backend.getRanges([...STATES], 0, -1, true),
    backend.getRanges([...STATES], 0, -1, false),
    backend.getCounts([...STATES]),
  ]);
  const jobs: Record<string, unknown> = {};
  for (const id of descending.flat()) jobs[id] = await jobOf(side, name, id);
  const [meta, priorities, limit, metrics, failedMetrics, schedulers, events, holders] = await Promise.all([
    backend.getQueueMeta(),
    backend.getCountsPerPriority([0, 1, 2, 3]),
    backend.getRateLimitTtl(4),
    queue.getMetrics('completed'),
    queue.getMetrics('failed'),
    queue.getJobSchedulers(0, -1, true),
    side.events(name),
    Promise.all(['d0', 'd1', 'd2'].map((id) => backend.getDeduplicationJobId(id))),
  ]);
  // BullMQ writes the default down when it first needs it.
  if (meta['opts.maxLenEvents'] === '10000') delete meta['opts.maxLenEvents'];
  return {
    ascending,
    descending,
    counts,
    jobs,
    meta,
    priorities,
    isLimited: limit > 0,
    metrics,
    failedMetrics,
    schedulers,
    holders,
    events: eventsOf(events, side.unordered[name]),
  };
}

async function jobOf(side: Side, name: (typeof QUEUES)[number], id: string): Promise<unknown> {
  const { backend } = side.rooms[name];
  const [data, state, finished, logs, dependencies, counts, ignored] = await Promise.all([
    backend.getJobData(id),
    backend.getState(id),
    backend.isFinished(id, true),
    backend.getJobLogs(id, 0, -1, true),
    backend.getDependencies(id, {}),
    backend.getDependencyCounts(id, ['processed', 'unprocessed', 'ignored', 'failed']),
    backend.getIgnoredChildrenFailures(id),
  ]);
  // A set of children has no order.
  const unprocessed = dependencies.unprocessed?.toSorted();
  // Redis does not repeat the id in a job's data.
  if (data) data.id = id;
  return JSON.parse(
    JSON.stringify({ data, state, finished, logs, dependencies: { ...dependencies, unprocessed }, counts, ignored }),
  ) as unknown;
}

/** Those whose order means nothing are sorted. */
function eventsOf(events: readonly string[][], unordered: readonly [number, number][]): string[] {
  const texts = events.map((fields) => fields.join(' '));
  for (const [from, end] of unordered) texts.splice(from, end - from, ...texts.slice(from, end).toSorted());
  return texts;
}

/** How many events each queue has. */
export async function countEvents(side: Side): Promise<number[]> {
  return Promise.all(QUEUES.map(async (name) => (await side.events(name)).length));
}
