import { INFO_REFUSED } from './tolerant-info.js';

/** What INFO says that matters to us. */
export interface RedisFacts {
  readonly version: string;
  readonly maxmemoryPolicy: string | undefined;
  /** One server of a Redis Cluster, which has a part of the keys only. */
  readonly isClusterNode: boolean;
  readonly isDragonfly: boolean;
  /** The user may not ask: nothing but the version is known. */
  readonly isRefused: boolean;
}

/** The oldest Redis that has what our scripts and BullMQ use. */
export const OLDEST_REDIS = '6.2';

/** Reads the answer of INFO. Valkey and others name in `redis_version` the Redis that they stand for. */
export function readInfo(info: string): RedisFacts {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim();
  return {
    version: field('redis_version') ?? '',
    maxmemoryPolicy: field('maxmemory_policy'),
    isClusterNode: field('redis_mode') === 'cluster' || field('cluster_enabled') === '1',
    isDragonfly: field('dragonfly_version') !== undefined,
    isRefused: field(INFO_REFUSED) !== undefined,
  };
}

/** A version that cannot be read counts as new enough: the server is no Redis but speaks its protocol. */
export function isTooOld(version: string): boolean {
  const parsed = /^(\d+)\.(\d+)/.exec(version);
  if (!parsed) return false;
  const [major, minor] = [Number(parsed[1]), Number(parsed[2])];
  const [oldestMajor, oldestMinor] = OLDEST_REDIS.split('.').map(Number) as [number, number];
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
