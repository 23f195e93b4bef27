import { StoreUnsupportedError } from '../../errors/store-errors.js';

/** Our tables and functions that statements name. */
const NAMES = {
  migration: 'njs_migration',
  execution: 'njs_execution',
  attempt: 'njs_attempt',
  step: 'njs_step',
  count: 'njs_count',
  stats: 'njs_stats',
  duration: 'njs_duration',
  marker: 'njs_fact',
  worker: 'njs_worker',
  schedule: 'njs_schedule',
  declaration: 'njs_declaration',
  write: 'njs_write',
  recordStep: 'njs_record_step',
  lockLease: 'njs_lock_lease',
  lockPlace: 'njs_lock_place',
  lockAcquire: 'njs_lock_acquire',
  lockRelease: 'njs_lock_release',
  putSchedules: 'njs_put_schedules',
  log: 'njs_log',
  logJob: 'njs_log_job',
  appendLogs: 'njs_append_logs',
  addWithin: 'njs_add_within',
} as const;

/** Each with the schema of the store, where they stand beside BullMQ's, which have other names. */
export type SqlNames = Readonly<Record<keyof typeof NAMES, string>> & {
  /** Quoted. */
  readonly schema: string;
  readonly plainSchema: string;
};

export function sqlNames(plainSchema: string): SqlNames {
  const schema = `"${plainSchema}"`;
  const qualified = Object.entries(NAMES).map(([key, name]) => [key, `${schema}.${name}`]);
  return { schema, plainSchema, ...(Object.fromEntries(qualified) as Record<keyof typeof NAMES, string>) };
}

/** The server's time, in milliseconds since the epoch: the clocks of workers do not matter. */
export const SQL_NOW = `(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/**
 * The schema of a prefix. BullMQ takes letters, digits, `_` and `$`; `-` becomes `$`.
 * @throws StoreUnsupportedError
 */
export function schemaOf(prefix: string, address: string): string {
  const schema = prefix.replaceAll('-', '$');
  if (/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(schema) && !schema.startsWith('pg_')) return schema;
  throw new StoreUnsupportedError(
    address,
    `cannot have a schema for the prefix ${JSON.stringify(prefix)}. Use a letter or _ first, then letters, digits, _ and -, at most 63 in all, and not pg_.`,
  );
}

/**
 * An array of JSON texts as PostgreSQL's literal, for a parameter of type `text[]`. JSON has no raw control characters, and
 * of the others PostgreSQL escapes what JSON does, in the same way. Drivers look for each quote by itself: a megabyte of
 * quotes stopped the process for half a second.
 * @param texts as `JSON.stringify` writes them; null for none.
 */
export function jsonArray(texts: readonly (string | null)[]): string {
  return `{${texts.map((text) => (text === null ? 'NULL' : JSON.stringify(text))).join(',')}}`;
}
