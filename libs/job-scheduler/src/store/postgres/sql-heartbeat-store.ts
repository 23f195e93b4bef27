import type { HeartbeatStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { SqlClient } from './driver/sql-driver.js';
import { SQL_NOW } from './sql-names.js';
import type { SqlNames } from './sql-names.js';

export class SqlHeartbeatStore implements HeartbeatStore {
  constructor(
    private readonly client: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async beat(worker: string, ttl: number): Promise<void> {
    await this.deadline.run(
      this.client.query(
        `WITH gone AS (DELETE FROM ${this.names.worker} WHERE gone_at <= ${SQL_NOW} AND worker <> $1)
         INSERT INTO ${this.names.worker} (worker, gone_at) VALUES ($1, ${SQL_NOW} + $2::bigint)
         ON CONFLICT (worker) DO UPDATE SET gone_at = excluded.gone_at`,
        [worker, Math.ceil(ttl)],
      ),
    );
  }

  async leave(worker: string): Promise<void> {
    await this.deadline.run(this.client.query(`DELETE FROM ${this.names.worker} WHERE worker = $1`, [worker]));
  }

  async alive(): Promise<string[]> {
    const { rows } = await this.deadline.run(
      this.client.query<{ worker: string }>(`SELECT worker FROM ${this.names.worker} WHERE gone_at > ${SQL_NOW}`),
    );
    return rows.map(({ worker }) => worker);
  }
}
