import type { AcquireOptions, LockAnswer, LockLease, LockStore } from '../ports/lock-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

/** Leases by the server's time, one script per call. */
export class RedisLockStore implements LockStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async acquire(key: string, holder: string, { ttl, slots = 1, line = 0 }: AcquireOptions): Promise<LockAnswer> {
    const [fence, freeIn, place, ...holders] = await this.deadline.run(
      this.connections.producer.jobsAcquire(this.keys.base, key, holder, Math.floor(ttl), slots, Math.floor(line)),
    );
    if (fence !== null) return { held: true, fence: Number(fence) };
    return {
      held: false,
      holders: leasesOf(holders, 2).map((lease) => lease.holder),
      freeIn: Number(freeIn),
      place: Number(place),
    };
  }

  async extend(key: string, holder: string, ttl: number): Promise<boolean> {
    const extended = this.connections.producer.jobsExtend(this.keys.base, key, holder, Math.floor(ttl));
    return (await this.deadline.run(extended)) === 1;
  }

  release(key: string, holder: string, fence?: number): Promise<string[]> {
    return this.deadline.run(this.connections.producer.jobsRelease(this.keys.base, key, holder, fence ?? ''));
  }

  async holders(key: string): Promise<LockLease[]> {
    return leasesOf(await this.deadline.run(this.connections.producer.jobsHolders(this.keys.base, key, '')), 3);
  }
}

/** Oldest first, of rows of holder, fence and perhaps the time until it ends. */
function leasesOf(values: readonly (string | number | null | undefined)[], width: number): LockLease[] {
  const leases = Array.from({ length: values.length / width }, (_, row) => {
    const [holder, fence, endsIn] = values.slice(row * width, (row + 1) * width);
    return { holder: String(holder), fence: Number(fence), endsIn: Number(endsIn) };
  });
  return leases.toSorted((a, b) => a.fence - b.fence);
}
