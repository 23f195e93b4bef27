import { ErrorCode, type JobJson, type ParentKeyOpts, type ParentKeys } from 'bullmq';
import { deduplicate, type Candidate } from './deduplicate.js';
import { noteProcessed } from './flow.js';
import type { MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import type { LocatedJob, SharedMemory } from '../state/shared-memory.js';
import { placeJob, storeJob } from './store-job.js';

/** A negative code of BullMQ's, for what was refused. */
export type IdOrCode = string | ErrorCode;

/** Adds a job, unless its id is known, or its deduplication id is held. */
export function addJob(
  memory: SharedMemory,
  queue: MemoryQueue,
  json: JobJson,
  wantedId: string | undefined,
  parentOpts: ParentKeyOpts = {},
): IdOrCode {
  const parentKey = json.parentKey || undefined;
  const parent = memory.locate(parentKey);
  if (parentKey !== undefined && !parent) return ErrorCode.ParentJobNotExist;

  const number = ++queue.ids;
  const id = wantedId === undefined || wantedId === '' ? String(number) : wantedId;
  const isDependency = parent !== undefined && Boolean(parentOpts.parentDependenciesKey);
  const known = queue.jobs.get(id);
  if (known && wantedId)
    return joinParent(memory, queue, known, json, parent, isDependency, parentOpts.deferParentRelease === true);

  const { opts } = json;
  const candidate: Candidate = {
    id,
    name: json.name,
    data: json.data,
    opts,
    timestamp: json.timestamp,
    parentKey,
    parent: json.parent && JSON.stringify(json.parent),
    isDependency,
    repeatJobKey: json.repeatJobKey || undefined,
  };
  const holder = deduplicate(queue, candidate, parentOpts.addToWaitingChildren === true);
  if (holder !== undefined) return holder;

  const job = storeJob(queue, candidate);
  if (parentOpts.addToWaitingChildren) {
    queue.rank(job, 'waiting-children', job.timestamp);
    queue.emit('waiting-children', id);
  } else {
    placeJob(queue, job, opts.lifo);
  }
  if (isDependency) parent.queue.childrenOf(parent.job).pending.add(queue.keyOf(id));
  return id;
}

/** A job that is known already becomes a child of this parent, if it is not another's. */
function joinParent(
  memory: SharedMemory,
  queue: MemoryQueue,
  job: MemoryJob,
  json: JobJson,
  parent: LocatedJob | undefined,
  isDependency: boolean,
  isFlow: boolean,
): IdOrCode {
  const isForeign =
    job.parentKey !== undefined && job.parentKey !== json.parentKey && memory.locate(job.parentKey) !== undefined;
  if (isForeign) {
    if (parent && json.parentKey) {
      if (isFlow) parent.job.attachmentFailed = true;
      return ErrorCode.ParentJobCannotBeReplaced;
    }
  } else if (parent && json.parentKey) {
    attach(queue, job, parent, json.parentKey, json.parent, json.timestamp, isDependency, isFlow);
  }
  queue.emit('duplicated', job.id);
  return job.id;
}

function attach(
  queue: MemoryQueue,
  job: MemoryJob,
  parent: LocatedJob,
  parentKey: string,
  parentKeys: ParentKeys | undefined,
  timestamp: number,
  isDependency: boolean,
  isFlow: boolean,
): void {
  const key = queue.keyOf(job.id);
  const children = parent.queue.childrenOf(parent.job);
  if (job.place === 'completed') {
    // A flow releases its parents when all of it is stored.
    if (isFlow) children.processed.set(key, job.returnvalue ?? '');
    else noteProcessed(parent, key, job.returnvalue ?? '', timestamp);
  } else if (isDependency) {
    children.pending.add(key);
  }
  job.parentKey = parentKey;
  job.parent = JSON.stringify(parentKeys);
}
