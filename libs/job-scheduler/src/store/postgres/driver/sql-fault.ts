import { SchemaVersionMismatchError } from 'bullmq';
import { JobSchedulerError } from '../../../errors/job-scheduler-error.js';
import { StoreUnavailableError, StoreUnsupportedError } from '../../../errors/store-errors.js';
import { reasonOf } from '../../store-away.js';
import { NO_RIGHT, remedyFor } from './rights.js';
import type { SqlDriver } from './sql-driver.js';
import { tryAgain } from '../../../common/try-again.js';

/** Wrong password or role, no such database: time mends none. */
const DENIED = /^(?:28...|3D000)$/;

/** As PgBouncer and its like refuse a connection; the name of the parameter. */
const START_UP_PARAMETER = /unsupported startup parameter(?: in options)?: "?([\w.-]{1,64})/;

function refusedParameter(error: unknown): string | undefined {
  const { message } = (reasonFor(error) ?? {}) as { message?: unknown };
  return START_UP_PARAMETER.exec(String(message))?.[1];
}

/** PostgreSQL's code: the server has answered, if only with a refusal. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code } = (reasonFor(error) ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) && /\d/.test(code) ? code : undefined;
}

/** Whether it makes no sense to try again. */
export function isFinal(error: unknown): boolean {
  const state = sqlStateOf(error);
  return (
    error instanceof StoreUnsupportedError ||
    reasonFor(error) instanceof SchemaVersionMismatchError ||
    state === NO_RIGHT ||
    refusedParameter(error) !== undefined ||
    DENIED.test(state ?? '')
  );
}

/** What stops a boot, as an error of ours that says what to do. `tried`: for how long, in words. */
export async function bootFault(error: unknown, driver: SqlDriver, schema: string, tried = ''): Promise<Error> {
  const { address } = driver;
  if (error instanceof JobSchedulerError && error.cause === undefined) return error;
  const reason = reasonFor(error);
  if (reason instanceof SchemaVersionMismatchError)
    return new StoreUnsupportedError(
      address,
      `has a schema "${schema}" that a newer version of BullMQ has made. Update bullmq here, too.`,
      reason,
    );
  const state = sqlStateOf(error);
  if (state === NO_RIGHT)
    return new StoreUnavailableError(
      address,
      `refused: ${reasonOf(reason)}. ${await remedyFor(driver, schema)}`,
      reason,
    );
  const parameter = refusedParameter(error);
  if (parameter !== undefined)
    return new StoreUnavailableError(
      address,
      `is behind a pooler that refuses the start-up parameter "${parameter}": leave it out of the URL or the pool's options, and set it for the role (ALTER ROLE … SET …), or have the pooler ignore it (PgBouncer: ignore_startup_parameters).`,
      reason,
    );
  if (DENIED.test(state ?? ''))
    return new StoreUnavailableError(address, `refused the connection: ${reasonOf(reason)}`, reason);
  return new StoreUnavailableError(
    address,
    `${state ? 'failed' : 'did not answer'}${tried}: ${reasonOf(reason)}`,
    reason,
  );
}

function reasonFor(error: unknown): unknown {
  return error instanceof StoreUnavailableError ? (error.cause ?? error) : error;
}

/** Serialization failures and deadlocks: the statement was undone as a whole. */
const CONFLICT = /^(?:40001|40P01)$/;

/** Runs a statement, or a transaction of one, again when PostgreSQL has undone it for the sake of another transaction. */
export function againOnConflict<T>(run: () => Promise<T>): Promise<T> {
  return tryAgain(run, (error) => CONFLICT.test(String((error as { code?: unknown } | null)?.code)));
}
