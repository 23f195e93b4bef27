import type { Cluster, Redis } from 'ioredis';
import { acquireLua, extendLua, holdersLua, releaseLua } from '../scripts/locks.lua.js';
import { aliveLua, beatLua } from '../scripts/presence.lua.js';
import { appendLogsLua, readJobLogsLua } from '../scripts/logs.lua.js';
import {
  clearHistoryLua,
  historyKeptLua,
  historyStatsLua,
  loadManyLua,
  sweepHistoryLua,
} from '../scripts/history.lua.js';
import { agedJobsLua, discardFailedLua, failedJobsLua } from '../scripts/failed-jobs.lua.js';
import { listHistoryLua } from '../scripts/list-history.lua.js';
import { loadExecutionLua } from '../scripts/load-execution.lua.js';
import { pastEndsLua } from '../scripts/past-ends.lua.js';
import { recordStepLua } from '../scripts/record-step.lua.js';
import { forgetExecutionLua } from '../scripts/forget-execution.lua.js';
import { reopenExecutionLua } from '../scripts/reopen-execution.lua.js';
import { claimFireLua, declareSchedulesLua, putSchedulesLua, removeScheduleLua } from '../scripts/schedules.lua.js';
import { schedulersLua } from '../scripts/schedulers.lua.js';
import { fileFreshLua, writeExecutionsLua } from '../scripts/write-executions.lua.js';

/** Our scripts as commands: keys first, then arguments. */
interface Scripts {
  jobsWrite(base: string, batch: Buffer): Promise<(number | string)[]>;
  jobsFile(base: string, most: number): Promise<(number | string)[]>;
  jobsLoad(base: string, id: string): Promise<string[] | string | null>;
  jobsStep(key: string, fence: number, job: string, queue: string, name: string, step: string): Promise<number>;
  jobsReopen(base: string, id: string): Promise<number>;
  jobsForget(base: string, id: string, fence: number): Promise<number>;
  jobsListHistory(
    base: string,
    kind: 'ended' | 'fired',
    name: string,
    final: string,
    limit: number,
    time: number | '',
    set: string,
    member: string,
    most: number,
  ): Promise<[left: number, ...(string | number | string[])[]]>;
  jobsLoadMany(base: string, ...ids: string[]): Promise<(string | string[] | null)[]>;
  jobsHistoryStats(base: string, ...jobs: string[]): Promise<[left: number, ...(string | number | string[])[]]>;
  jobsHistoryKept(base: string, job: string): Promise<[left: number, ...number[]]>;
  jobsClearHistory(base: string, kind: 'ended' | 'fired', name: string, most: number): Promise<number>;
  jobsSweepHistory(base: string, after: string, most: number): Promise<string>;
  jobsBeat(key: string, worker: string, ttl: number): Promise<null>;
  jobsAlive(key: string): Promise<string[]>;
  jobsAcquire(
    base: string,
    key: string,
    holder: string,
    ttl: number,
    slots: number,
    line: number,
  ): Promise<(string | number | null)[]>;
  jobsExtend(base: string, key: string, holder: string, ttl: number): Promise<number>;
  jobsRelease(base: string, key: string, holder: string, fence: number | ''): Promise<string[]>;
  jobsHolders(base: string, key: string, none: ''): Promise<(string | number | null)[]>;
  jobsPutSchedules(base: string, ...values: (string | number)[]): Promise<(number | string)[]>;
  jobsRemoveSchedule(base: string, id: string, expected: number | ''): Promise<number>;
  jobsClaimFire(base: string, id: string, from: number | '', to: number): Promise<number>;
  jobsDeclareSchedules(
    base: string,
    version: string,
    booted: number,
    seen: number,
    ids: string,
    forget: number,
  ): Promise<null>;
  jobsAppendLogs(base: string, batch: Buffer, writer: string, number: number): Promise<number[]>;
  jobsReadJobLogs(base: string, job: string, after: number, most: number, schedule: string): Promise<string[]>;
  jobsFailed(
    key: string,
    what: 'list' | 'ids',
    until: number | '',
    at: number | '',
    id: string,
    job: string,
    limit: number,
    most: number,
    bytes: number,
  ): Promise<(string | number | null)[]>;
  jobsPastEnds(key: string, from: string, ...ids: string[]): Promise<string[]>;
  jobsAged(key: string, now: number, at: number | '', id: string, most: number): Promise<(string | number)[]>;
  jobsDiscardFailed(key: string, ...ids: string[]): Promise<(string | number)[]>;
  jobsSchedulers(
    key: string,
    how: 'scan' | 'keys',
    ...values: (string | number)[]
  ): Promise<(string | number | null)[]>;
}

const SCRIPTS: Readonly<Record<keyof Scripts, string>> = {
  jobsWrite: writeExecutionsLua,
  jobsFile: fileFreshLua,
  jobsLoad: loadExecutionLua,
  jobsStep: recordStepLua,
  jobsReopen: reopenExecutionLua,
  jobsForget: forgetExecutionLua,
  jobsListHistory: listHistoryLua,
  jobsLoadMany: loadManyLua,
  jobsHistoryStats: historyStatsLua,
  jobsHistoryKept: historyKeptLua,
  jobsClearHistory: clearHistoryLua,
  jobsSweepHistory: sweepHistoryLua,
  jobsBeat: beatLua,
  jobsAlive: aliveLua,
  jobsAcquire: acquireLua,
  jobsExtend: extendLua,
  jobsRelease: releaseLua,
  jobsHolders: holdersLua,
  jobsPutSchedules: putSchedulesLua,
  jobsRemoveSchedule: removeScheduleLua,
  jobsClaimFire: claimFireLua,
  jobsDeclareSchedules: declareSchedulesLua,
  jobsAppendLogs: appendLogsLua,
  jobsReadJobLogs: readJobLogsLua,
  jobsFailed: failedJobsLua,
  jobsPastEnds: pastEndsLua,
  jobsAged: agedJobsLua,
  jobsDiscardFailed: discardFailedLua,
  jobsSchedulers: schedulersLua,
};

/** A client of our own, with our scripts. */
export type RedisClient = (Redis | Cluster) & Scripts;

/** A producer's commands fail while the store is away; a worker's wait until it is back. */
export type RedisRole = 'producer' | 'worker';

/** Defines our scripts on a client. */
export function withScripts(client: Redis | Cluster): RedisClient {
  for (const [name, lua] of Object.entries(SCRIPTS)) client.defineCommand(name, { numberOfKeys: 1, lua });
  return client as RedisClient;
}

/** A Cluster has one database. */
export function dbOf(client: RedisClient): number {
  return client.isCluster ? 0 : ((client as Redis).options.db ?? 0);
}
