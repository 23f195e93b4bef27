import { OwnLogger } from '../../common/own-logger.js';
import { readDeclaration, writeDeclared } from '../codecs/declaration-codec.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import { putSchedules, type ScheduleWrite, type ScheduleWritten } from '../put-schedules.js';
import { byId, readSchedule, type RawSchedule } from '../codecs/schedule-codec.js';
import type { ScheduleDeclaration, SchedulePut, ScheduleStore, StoredSchedule } from '../ports/schedule-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import { jsonArray, type SqlNames } from './sql-names.js';
import type { SqlClient } from './driver/sql-driver.js';

/** `bigint` comes as a text from some drivers. */
type BigInteger = string | number;

interface ScheduleRow {
  id: string;
  version: BigInteger;
  record: string;
  last_fire: BigInteger | null;
}

/** Schedules in tables. */
export class SqlScheduleStore implements ScheduleStore {
  private readonly logger = new OwnLogger();

  constructor(
    private readonly client: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async all(): Promise<StoredSchedule[]> {
    const { rows } = await this.query<ScheduleRow>(`SELECT id, version, record, last_fire FROM ${this.names.schedule}`);
    return rows.flatMap((row) => this.read(toRaw(row)) ?? []).toSorted(byId);
  }

  async get(id: string): Promise<StoredSchedule | undefined> {
    const [raw] = await this.raw([id]);
    return raw && this.read(raw);
  }

  put(entries: readonly SchedulePut[]): Promise<(StoredSchedule | undefined)[]> {
    return putSchedules({ write: (writes) => this.write(writes), raw: (ids) => this.raw(ids) }, entries);
  }

  async remove(id: string, expected?: number): Promise<boolean> {
    const { rows } = await this.query(
      `DELETE FROM ${this.names.schedule} WHERE id = $1 AND ($2::bigint IS NULL OR version = $2) RETURNING id`,
      [id, expected ?? null],
    );
    return rows.length === 1;
  }

  async claim(id: string, from: number | undefined, to: number): Promise<boolean> {
    const { rows } = await this.query(
      `UPDATE ${this.names.schedule} SET last_fire = $3::bigint
       WHERE id = $1 AND last_fire IS NOT DISTINCT FROM $2::bigint RETURNING id`,
      [id, from ?? null, to],
    );
    return rows.length === 1;
  }

  async declare(declaration: ScheduleDeclaration, forgetAfter: number): Promise<void> {
    const { version, bootedAt, seenAt } = declaration;
    // The others first: the two parts of one statement may not touch the same row.
    await this.query(
      `WITH forgotten AS (DELETE FROM ${this.names.declaration} WHERE seen_at < $5::bigint AND version <> $1)
       INSERT INTO ${this.names.declaration} AS d (version, ids, booted_at, seen_at)
       VALUES ($1, $2, $3::bigint, $4::bigint)
       ON CONFLICT (version) DO UPDATE SET ids = excluded.ids,
         booted_at = greatest(d.booted_at, excluded.booted_at), seen_at = greatest(d.seen_at, excluded.seen_at)`,
      [version, writeDeclared(declaration), Math.floor(bootedAt), Math.floor(seenAt), Math.floor(seenAt - forgetAfter)],
    );
  }

  async declarations(): Promise<ScheduleDeclaration[]> {
    const { rows } = await this.query<{ version: string; ids: string; booted_at: BigInteger; seen_at: BigInteger }>(
      `SELECT version, ids, booted_at, seen_at FROM ${this.names.declaration}`,
    );
    return rows.flatMap((row) => {
      try {
        return [readDeclaration(row.version, row.ids, Number(row.booted_at), Number(row.seen_at))];
      } catch (error) {
        if (!(error instanceof CorruptRecordError)) throw error;
        this.warnCorrupt(this.names.declaration, row.version, error.message);
        return [];
      }
    });
  }

  private async write(entries: readonly ScheduleWrite[]): Promise<ScheduleWritten[]> {
    const { rows } = await this.query<{ place: BigInteger; version: BigInteger; last_fire: BigInteger | null }>(
      `SELECT place, version, last_fire FROM ${this.names.putSchedules}($1::text[], $2::bigint[], $3::text[])`,
      [
        entries.map(({ id }) => id),
        entries.map(({ expected }) => expected ?? null),
        jsonArray(entries.map(({ text }) => text)),
      ],
    );
    const written = entries.map((): ScheduleWritten => ({ version: 0, lastFire: undefined }));
    for (const { place, version, last_fire: lastFire } of rows)
      written[Number(place) - 1] = { version: Number(version), lastFire: readTime(lastFire) };
    return written;
  }

  private async raw(ids: readonly string[]): Promise<RawSchedule[]> {
    const { rows } = await this.query<ScheduleRow>(
      `SELECT id, version, record, last_fire FROM ${this.names.schedule} WHERE id = ANY($1::text[])`,
      [ids],
    );
    return rows.map(toRaw);
  }

  private query<Row>(text: string, parameters: readonly unknown[] = []) {
    return this.deadline.run(this.client.query<Row>(text, parameters));
  }

  private read(raw: RawSchedule): StoredSchedule | undefined {
    try {
      return readSchedule(raw);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      this.warnCorrupt(this.names.schedule, raw.id, error.message);
      return undefined;
    }
  }

  private warnCorrupt(table: string, key: string, problem: string): void {
    this.logger.warn(`The row ${key} of ${table} is corrupt and is left out: ${problem}`);
  }
}

function toRaw({ id, version, record, last_fire: lastFire }: ScheduleRow): RawSchedule {
  return { id, version: Number(version), text: record, lastFire: readTime(lastFire) };
}

function readTime(value: BigInteger | null): number | undefined {
  return value === null ? undefined : Number(value);
}
