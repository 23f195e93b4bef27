import { readDeclaredJob, type DeclaredJob } from '../ports/declared-job.js';
import { CorruptRecordError } from './execution-codec.js';
import type { ScheduleDeclaration, StoredSchedule } from '../ports/schedule-store.js';

/**
 * A declaration is stored as a list of texts. The ids of schedules stand in it as they are; all else has a mark before it, and
 * is taken by versions of the library that do not know it for the id of a schedule that does not exist.
 */
const APP = 'app=';
const JOB = 'job=';
const REMOVED = 'removed=';

export function writeDeclared({ ids, app, jobs = [], removed }: ScheduleDeclaration): string {
  return JSON.stringify([
    ...ids,
    ...(app === undefined ? [] : [APP + app]),
    ...jobs.map((job) => JOB + JSON.stringify(job)),
    ...(removed ? [REMOVED + JSON.stringify(removed)] : []),
  ]);
}

/** @throws CorruptRecordError */
export function readDeclaration(version: string, text: string, bootedAt: number, seenAt: number): ScheduleDeclaration {
  const list = parse(text);
  if (!Array.isArray(list) || !list.every((each): each is string => typeof each === 'string'))
    throw new CorruptRecordError('its ids are no list of texts');
  if (!Number.isFinite(bootedAt) || !Number.isFinite(seenAt)) throw new CorruptRecordError('its times are no numbers');
  const ids: string[] = [];
  const jobs: DeclaredJob[] = [];
  let app: string | undefined;
  let removed: StoredSchedule | undefined;
  for (const each of list) {
    if (each.startsWith(APP)) app = each.slice(APP.length);
    else if (each.startsWith(JOB)) jobs.push(...[readDeclaredJob(parse(each.slice(JOB.length))) ?? []].flat());
    else if (each.startsWith(REMOVED)) removed = parse(each.slice(REMOVED.length)) as StoredSchedule;
    else ids.push(each);
  }
  return {
    version,
    ids,
    bootedAt,
    seenAt,
    ...(app !== undefined && { app }),
    ...(jobs.length > 0 && { jobs }),
    ...(removed && { removed }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CorruptRecordError(`it is no JSON: ${(error as Error).message}`);
  }
}
