import { isStorableText } from '../common/storable-text.js';
import { EnqueueOptionsError } from '../errors/payload-errors.js';
import { FOREIGN } from '../store/names.js';

const LONGEST_ID = 256;
/** Ids that are made of others, such as those of fires, have something added. */
const LONGEST_KNOWN = 4_096;

/** As in names of jobs: they stand in logs, paths and pages, where a line break or an ANSI code is taken for something else. */
const UNUSABLE = /[\p{Control}\p{Surrogate}]/u;

/** @param id that a user gives to an execution. @throws EnqueueOptionsError */
export function checkOwnId(id: unknown): void {
  if (id === undefined) return;
  if (typeof id !== 'string' || id.length === 0 || id.length > LONGEST_ID) {
    refuse(id, `an id is a text of 1 to ${LONGEST_ID} characters`);
  }
  if (UNUSABLE.test(id)) refuse(id, 'an id has no control characters and no halves of surrogate pairs');
  if (isPathPart(id)) refuse(id, 'as part of a URL it leads elsewhere');
  if (id.startsWith(FOREIGN)) refuse(id, `ids that start with "${FOREIGN}" are those of jobs that plain BullMQ made`);
}

/** URLs take these for the way here, and the way up, however they are encoded: REST could not reach such an id. */
export function isPathPart(id: string): boolean {
  return id === '.' || id === '..';
}

/** @throws EnqueueOptionsError when the id that a user gives is that of an execution of another job. */
export function checkSameJob(id: string, job: string, known: string): void {
  if (job !== known)
    refuse(id, `an execution of job "${known}" has that id, and ids are unique over all jobs: choose another`);
}

/** Whether an execution or a schedule can have such an id: for others the store is not asked, which would refuse them, or confuse them. */
export function canBeKnown(id: unknown): id is string {
  return typeof id === 'string' && id.length <= LONGEST_KNOWN && isStorableText(id);
}

function refuse(id: unknown, rule: string): never {
  const shown =
    typeof id === 'string' ? JSON.stringify(id.slice(0, 80)) : `of type ${id === null ? 'null' : typeof id}`;
  throw new EnqueueOptionsError('id', id, `Enqueue option "id" is ${shown}; ${rule}.`);
}
