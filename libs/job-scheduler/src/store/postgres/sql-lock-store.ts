import { createHash } from 'node:crypto';
import type { AcquireOptions, LockAnswer, LockLease, LockStore } from '../ports/lock-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { SqlClient } from './driver/sql-driver.js';
import { SQL_NOW } from './sql-names.js';
import type { SqlNames } from './sql-names.js';

interface AcquireRow {
  fence: string | number | null;
  free_in: string | number;
  place: number;
  holders: string[];
}

/** Indexes hold no texts of more than some 2,700 bytes. */
const LONGEST_KEY = 500;

/** Leases by the server's time, one statement per call. */
export class SqlLockStore implements LockStore {
  constructor(
    /** Leases are extended and released even while callers wait for other calls. */
    private readonly client: SqlClient,
    private readonly callers: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async acquire(key: string, holder: string, { ttl, slots = 1, line = 0 }: AcquireOptions): Promise<LockAnswer> {
    const { rows } = await this.deadline.run(
      this.callers.query<AcquireRow>(
        `SELECT fence, free_in, place, holders FROM ${this.names.lockAcquire}($1, $2, $3, $4, $5)`,
        [storable(key), holder, Math.floor(ttl), slots, Math.floor(line)],
      ),
    );
    const { fence, free_in: freeIn, place, holders } = rows[0]!;
    if (fence !== null) return { held: true, fence: Number(fence) };
    return { held: false, holders, freeIn: Number(freeIn), place };
  }

  async extend(key: string, holder: string, ttl: number): Promise<boolean> {
    const { rows } = await this.deadline.run(
      this.client.query(
        `UPDATE ${this.names.lockLease} SET ends_at = ${SQL_NOW} + $3::bigint
         WHERE key = $1 AND holder = $2 AND ends_at > ${SQL_NOW} RETURNING 1`,
        [storable(key), holder, Math.floor(ttl)],
      ),
    );
    return rows.length === 1;
  }

  async release(key: string, holder: string, fence?: number): Promise<string[]> {
    const { rows } = await this.deadline.run(
      this.client.query<{ next: string[] }>(`SELECT ${this.names.lockRelease}($1, $2, $3) AS next`, [
        storable(key),
        holder,
        fence ?? null,
      ]),
    );
    return rows[0]!.next;
  }

  async holders(key: string): Promise<LockLease[]> {
    const { rows } = await this.deadline.run(
      this.callers.query<{ holder: string; fence: string | number; ends_in: string | number }>(
        `SELECT holder, fence, ends_at - ${SQL_NOW} AS ends_in FROM ${this.names.lockLease}
         WHERE key = $1 AND ends_at > ${SQL_NOW} ORDER BY fence`,
        [storable(key)],
      ),
    );
    return rows.map(({ holder, fence, ends_in: endsIn }) => ({
      holder,
      fence: Number(fence),
      endsIn: Math.max(0, Number(endsIn)),
    }));
  }
}

/** Keys that hold parts of payloads can be of any length, with characters that PostgreSQL refuses. */
function storable(key: string): string {
  if (key.length <= LONGEST_KEY && !key.includes('\0')) return key;
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}
