import { OwnLogger } from '../../common/own-logger.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import { readableLogs, readLog, writeLog } from '../codecs/log-codec.js';
import { TAIL_PER_JOB, type LogBatch, type LogStore, type StoredLog } from '../ports/log-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import { jsonArray, SQL_NOW, type SqlNames } from './sql-names.js';
import type { SqlClient } from './driver/sql-driver.js';

interface PlacesRow {
  seqs: (string | number)[];
  numbers: (string | number)[];
}

interface LogRow {
  seq: string | number;
  number: string | number;
  record: string;
}

/** Log lines in one table. */
export class SqlLogStore implements LogStore {
  private readonly logger = new OwnLogger();

  constructor(
    private readonly client: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async append({ writer, number, writes }: LogBatch): Promise<StoredLog[]> {
    if (writes.length === 0) return [];
    const raw = writes.map(writeLog);
    const { rows } = await this.deadline.run(
      this.client.query<PlacesRow>(
        `SELECT seqs, numbers
         FROM ${this.names.appendLogs}($1, $2, $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::bigint[])`,
        [
          writer,
          number,
          raw.map(({ id }) => id),
          raw.map(({ job }) => job),
          raw.map(({ scheduleId }) => scheduleId ?? null),
          raw.map(({ isLine }) => isLine),
          jsonArray(raw.map(({ json }) => json)),
          raw.map(({ keep }) => keep),
        ],
      ),
    );
    const { seqs, numbers } = rows[0]!;
    return writes.map(({ entry }, n) => ({ ...entry, seq: Number(seqs[n]), number: Number(numbers[n]) }));
  }

  ofExecution(id: string, after: number, limit: number): Promise<StoredLog[]> {
    return this.read(
      `SELECT seq, number, record FROM ${this.names.log}
       WHERE execution = $1 AND seq > $2 AND expires_at > ${SQL_NOW} ORDER BY number, seq LIMIT $3`,
      [id, after, readableLogs(limit)],
    );
  }

  ofJob(job: string, after: number, limit: number, scheduleId?: string): Promise<StoredLog[]> {
    return this.read(
      `SELECT seq, number, record FROM (
         SELECT * FROM ${this.names.log} WHERE job = $1 AND seq > $2 AND expires_at > ${SQL_NOW}
         ORDER BY seq DESC LIMIT ${TAIL_PER_JOB}
       ) AS tail
       WHERE $4::text IS NULL OR schedule = $4 ORDER BY seq LIMIT $3`,
      [job, after, readableLogs(limit), scheduleId ?? null],
    );
  }

  async latest(job: string): Promise<number> {
    const { rows } = await this.deadline.run(
      this.client.query<{ seq: string | number }>(`SELECT seq FROM ${this.names.logJob} WHERE job = $1`, [job]),
    );
    return Number(rows[0]?.seq ?? 0);
  }

  async drop(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.deadline.run(
      this.client.query(`DELETE FROM ${this.names.log} WHERE execution = ANY($1::text[])`, [ids]),
    );
  }

  private async read(text: string, parameters: readonly unknown[]): Promise<StoredLog[]> {
    const { rows } = await this.deadline.run(this.client.query<LogRow>(text, parameters));
    return rows.flatMap(({ seq, number, record }) => {
      try {
        return readLog(record, Number(seq), Number(number));
      } catch (error) {
        if (!(error instanceof CorruptRecordError)) throw error;
        this.logger.warn(`The row ${seq} of ${this.names.log} is corrupt and is left out: ${error.message}`);
        return [];
      }
    });
  }
}
