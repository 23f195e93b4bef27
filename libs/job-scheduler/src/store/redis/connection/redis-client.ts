import type { Cluster, Redis } from 'ioredis';
import * as lua from '../scripts/lua.generated.js';

/** Our scripts as commands: keys first, then arguments. */
interface Scripts {
  jobsWrite(base: string, batch: Buffer): Promise<(number | string)[]>;
  jobsIndexPending(base: string, most: number): Promise<(number | string)[]>;
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
  jobsHeartbeat(key: string, worker: string, ttl: number): Promise<null>;
  jobsLiveWorkers(key: string): Promise<string[]>;
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
  jobsAppendLogs(
    base: string,
    batch: Buffer,
    writer: string,
    number: number,
    linesKept: number,
    tailKept: number,
    answerKept: number,
  ): Promise<number[]>;
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
  jobsPastEnds(key: string, from: string, events: string, ...ids: string[]): Promise<string[]>;
  jobsAged(key: string, now: number, at: number | '', id: string, most: number): Promise<(string | number)[]>;
  jobsDiscardFailed(key: string, ...ids: string[]): Promise<(string | number)[]>;
  jobsSchedulers(
    key: string,
    how: 'scan' | 'keys',
    ...values: (string | number)[]
  ): Promise<(string | number | null)[]>;
}

const SCRIPTS: Readonly<Record<keyof Scripts, string>> = {
  jobsWrite: lua.writeExecutionsLua,
  jobsIndexPending: lua.indexPendingLua,
  jobsLoad: lua.loadExecutionLua,
  jobsStep: lua.recordStepLua,
  jobsReopen: lua.reopenExecutionLua,
  jobsForget: lua.forgetExecutionLua,
  jobsListHistory: lua.listHistoryLua,
  jobsLoadMany: lua.loadExecutionsLua,
  jobsHistoryStats: lua.historyStatsLua,
  jobsHistoryKept: lua.historyKeptLua,
  jobsClearHistory: lua.clearHistoryLua,
  jobsSweepHistory: lua.sweepHistoryLua,
  jobsHeartbeat: lua.heartbeatLua,
  jobsLiveWorkers: lua.liveWorkersLua,
  jobsAcquire: lua.acquireLockLua,
  jobsExtend: lua.extendLockLua,
  jobsRelease: lua.releaseLockLua,
  jobsHolders: lua.lockHoldersLua,
  jobsPutSchedules: lua.putSchedulesLua,
  jobsRemoveSchedule: lua.removeScheduleLua,
  jobsClaimFire: lua.claimFireLua,
  jobsDeclareSchedules: lua.declareSchedulesLua,
  jobsAppendLogs: lua.appendLogsLua,
  jobsReadJobLogs: lua.readJobLogsLua,
  jobsFailed: lua.failedJobsLua,
  jobsPastEnds: lua.pastEndsLua,
  jobsAged: lua.agedFailedJobsLua,
  jobsDiscardFailed: lua.discardFailedJobsLua,
  jobsSchedulers: lua.listSchedulersLua,
};

/** A client of our own, with our scripts. */
export type RedisClient = (Redis | Cluster) & Scripts;

/** A producer's commands fail while the store is away; a worker's wait until it is back. */
export type RedisRole = 'producer' | 'worker';

/** Defines our scripts on a client. */
export function withScripts(client: Redis | Cluster): RedisClient {
  for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, { numberOfKeys: 1, lua: script });
  return client as RedisClient;
}

/** A Cluster has one database. */
export function dbOf(client: RedisClient): number {
  return client.isCluster ? 0 : ((client as Redis).options.db ?? 0);
}
