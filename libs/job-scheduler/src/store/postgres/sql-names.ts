import { StoreUnsupportedError } from '../../errors/store-errors.js';

/** Every table and function of ours. They stand in the schema of the store, beside BullMQ's, which have other names. */
export class SqlNames {
  /** Quoted. */
  readonly schema: string;
  readonly migration: string;
  readonly execution: string;
  readonly attempt: string;
  readonly step: string;
  readonly count: string;
  readonly stats: string;
  readonly duration: string;
  readonly tally: string;
  readonly fact: string;
  readonly worker: string;
  readonly schedule: string;
  readonly declaration: string;
  readonly write: string;
  readonly recordStep: string;
  readonly lockFence: string;
  readonly lockLease: string;
  readonly lockPlace: string;
  readonly lockAcquire: string;
  readonly lockRelease: string;
  readonly putSchedules: string;
  readonly log: string;
  readonly logJob: string;
  readonly logWriter: string;
  readonly appendLogs: string;
  readonly pruneLogs: string;
  readonly addWithin: string;

  constructor(readonly plainSchema: string) {
    this.schema = `"${plainSchema}"`;
    this.migration = `${this.schema}.njs_migration`;
    this.execution = `${this.schema}.njs_execution`;
    this.attempt = `${this.schema}.njs_attempt`;
    this.step = `${this.schema}.njs_step`;
    this.count = `${this.schema}.njs_count`;
    this.stats = `${this.schema}.njs_stats`;
    this.duration = `${this.schema}.njs_duration`;
    this.tally = `${this.schema}.njs_tally`;
    this.fact = `${this.schema}.njs_fact`;
    this.worker = `${this.schema}.njs_worker`;
    this.write = `${this.schema}.njs_write`;
    this.recordStep = `${this.schema}.njs_record_step`;
    this.lockFence = `${this.schema}.njs_lock_fence`;
    this.lockLease = `${this.schema}.njs_lock_lease`;
    this.lockPlace = `${this.schema}.njs_lock_place`;
    this.lockAcquire = `${this.schema}.njs_lock_acquire`;
    this.lockRelease = `${this.schema}.njs_lock_release`;
    this.schedule = `${this.schema}.njs_schedule`;
    this.declaration = `${this.schema}.njs_declaration`;
    this.putSchedules = `${this.schema}.njs_put_schedules`;
    this.log = `${this.schema}.njs_log`;
    this.logJob = `${this.schema}.njs_log_job`;
    this.logWriter = `${this.schema}.njs_log_writer`;
    this.appendLogs = `${this.schema}.njs_append_logs`;
    this.pruneLogs = `${this.schema}.njs_prune_logs`;
    this.addWithin = `${this.schema}.njs_add_within`;
  }
}

/** Around the body of a function. Longer than any prefix, so that no name of a schema in it ends it: `a-njs-b` is `a$njs$b`. */
export const BODY = `$njs_${'body'.repeat(10)}$`;

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
