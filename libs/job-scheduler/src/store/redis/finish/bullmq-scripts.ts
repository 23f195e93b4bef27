/**
 * All that we know of BullMQ's Lua scripts by name and by place, and our scripts that run them as a part of themselves.
 * `test/package/bullmq-members.spec.ts` compares what stands here with the scripts that are installed.
 */
import { addWithinLua, finishWithRecordLua } from '../scripts/lua.generated.js';

/** A script as BullMQ defines it. */
export interface ScriptDefinition {
  readonly numberOfKeys: number;
  readonly lua: string;
}

/** The script that ends a job. */
export const FINISH = {
  name: 'moveToFinished',
  /** How many. With another number it is not the script that this was written for, and is left as it is. */
  keys: 14,
  /** Among the keys, from 0: the job's, the only one that is not the queue's own. */
  jobKey: 11,
  /** Among the other arguments, from 0: the job's id, how the job ended, and the prefix of the queue's keys. */
  jobId: 0,
  target: 4,
  prefix: 6,
} as const;

/** A command of BullMQ's is a script's name, a colon and BullMQ's version. */
const FINISH_COMMAND = `${FINISH.name}:`;

/** Whether a command is BullMQ's finish of a job. */
export function isFinish(command: string): boolean {
  return command.startsWith(FINISH_COMMAND);
}

/** Whether it is the one that we know, so that a record can go with it. */
export function takesRecord(command: string, { numberOfKeys }: ScriptDefinition): boolean {
  return isFinish(command) && numberOfKeys === FINISH.keys;
}

/** Which job a call of it ends, and in which queue. */
export function finishedJob(args: readonly unknown[]): { readonly prefix: string; readonly jobId: string } {
  return { prefix: String(args[FINISH.keys + FINISH.prefix]), jobId: String(args[FINISH.keys + FINISH.jobId]) };
}

/** BullMQ's script that ends a job, with our record of it. */
export function finishWithRecordScript(finish: string): string {
  return `local function finish()\n${finish}\nend\n${finishWithRecordLua}`;
}

/** The scripts that add a job, and the letter that stands for each in `add-within.lua`. */
export const ADD_SCRIPTS = {
  /** Into the list of waiting jobs. */
  addStandardJob: 's',
  /** Among the prioritized ones. */
  addPrioritizedJob: 'p',
  /** For later. */
  addDelayedJob: 'd',
} as const;

export type AddKind = (typeof ADD_SCRIPTS)[keyof typeof ADD_SCRIPTS];

/** What each of them is given after its keys. */
export const ADD = {
  /** How many. The first one is a list, packed by MessagePack. */
  arguments: 3,
  /** In that list, from 1: the prefix of the queue's keys, the job's id, the key of its deduplication id. */
  prefix: 1,
  jobId: 2,
  deduplicationKey: 9,
} as const;

export function addKindOf(command: string): AddKind | undefined {
  return (ADD_SCRIPTS as Readonly<Record<string, AddKind>>)[command.slice(0, command.indexOf(':'))];
}

/** Adds jobs by BullMQ's own scripts if there is room for all of them. */
export function addWithinScript(scripts: Readonly<Record<AddKind, string>>): string {
  const functions = Object.entries(scripts).map(([kind, lua]) => `${kind} = function(KEYS, ARGV)\n${lua}\nend`);
  const place = `prefix = ${ADD.prefix}, jobId = ${ADD.jobId}, deduplicationKey = ${ADD.deduplicationKey}`;
  return [
    `local add = { ${functions.join(', ')} }`,
    `local place, width = { ${place} }, ${1 + ADD.arguments}`,
    addWithinLua,
  ].join('\n');
}
