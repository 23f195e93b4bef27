import type { MarkerStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { SqlClient } from './driver/sql-driver.js';
import type { SqlNames } from './sql-names.js';

export class SqlMarkerStore implements MarkerStore {
  constructor(
    private readonly client: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async keep(key: string, value: string): Promise<string> {
    // The update changes nothing, but makes the row that is there come back.
    const { rows } = await this.deadline.run(
      this.client.query<{ value: string }>(
        `INSERT INTO ${this.names.marker} (key, value) VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING value`,
        [key, value],
      ),
    );
    return rows[0]!.value;
  }

  async get(key: string): Promise<string | undefined> {
    const { rows } = await this.deadline.run(
      this.client.query<{ value: string }>(`SELECT value FROM ${this.names.marker} WHERE key = $1`, [key]),
    );
    return rows[0]?.value;
  }
}
