import { OptionFaults } from '../common/option-faults.js';
import { inspectShort } from '../common/inspect-short.js';
import { OptionsError } from '../errors/definition-errors.js';
import { checkConnection } from './check-connection.js';
import type { Connection, RedisLikeOptions } from './connection.js';
import { MODULE_DEFAULTS } from './defaults.js';
import type { JobSchedulerOptions } from './job-scheduler-options.js';
import { MOST_CONCURRENCY } from './resolve-options.js';
import { queueNameProblem, weightProblem } from './resolve-queues.js';

type Environment = Readonly<Record<string, string | undefined>>;

const QUEUE_VARIABLE = /^(?:JOBS|ASYNQ)_QUEUE_(.*)$/;

/**
 * Module options from environment variables; empty ones count as unset.
 *
 * `JOBS_URL` or `REDIS_URL`, else `REDIS_HOST`, `REDIS_PORT`, `REDIS_USERNAME`, `REDIS_PASSWORD`, `REDIS_DB` and
 * `REDIS_TLS` (`true` or `false`; any of them);
 * `JOBS_CONCURRENCY` (or `ASYNQ_CONCURRENCY`); `JOBS_QUEUE_<NAME>=<weight>` (or `ASYNQ_QUEUE_<NAME>`), names in lower case:
 * these queues and no others. Of two that mean the same, the `JOBS_` one counts.
 *
 * @throws OptionsError that names each variable with a value that cannot be used.
 *
 * @example
 * ```ts
 * JobSchedulerModule.forRoot({ ...optionsFromEnv(), prefix: 'newsroom' });
 * ```
 */
export function optionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Partial<JobSchedulerOptions> {
  const faults = new OptionFaults();
  const connection = readConnection(env, faults);
  const concurrency =
    readInteger(env, 'JOBS_CONCURRENCY', 1, MOST_CONCURRENCY, faults) ??
    readInteger(env, 'ASYNQ_CONCURRENCY', 1, MOST_CONCURRENCY, faults);
  const queues = readQueues(env, faults);
  if (faults.list.length > 0) throw new OptionsError(faults.list);
  return {
    ...(connection !== undefined && { connection }),
    ...(concurrency !== undefined && { concurrency }),
    ...(queues.size > 0 && { queues: Object.fromEntries(queues) }),
  };
}

function read(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function readInteger(env: Environment, name: string, least: number, most: number, faults: OptionFaults) {
  const text = read(env, name);
  if (text === undefined) return undefined;
  // Number() alone would take "0x10" and "1e3".
  const value = /^\d+$/.test(text) ? Number(text) : text;
  return faults.integer(name, value, least, least, most);
}

function readConnection(env: Environment, faults: OptionFaults): Connection | undefined {
  for (const name of ['JOBS_URL', 'REDIS_URL']) {
    const url = read(env, name);
    if (url !== undefined) return checkConnection(name, url, MODULE_DEFAULTS.connection, faults);
  }
  const host = read(env, 'REDIS_HOST');
  // Not trimmed: a space may be part of it.
  const password = env.REDIS_PASSWORD || undefined;
  const username = read(env, 'REDIS_USERNAME');
  const db = readInteger(env, 'REDIS_DB', 0, 65_535, faults);
  const hasTls = readSwitch(env, 'REDIS_TLS', faults);
  const address: RedisLikeOptions = {
    ...(host !== undefined && { host }),
    ...readPort(env, faults),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(hasTls && { tls: {} }),
    ...(db !== undefined && { db }),
  };
  // ioredis takes localhost and 6379 for what is missing.
  return Object.keys(address).length > 0 ? address : undefined;
}

function readSwitch(env: Environment, name: string, faults: OptionFaults): boolean {
  const text = read(env, name)?.toLowerCase() ?? 'false';
  if (text === 'true' || text === '1') return true;
  if (text !== 'false' && text !== '0')
    faults.add(name, `${inspectShort(env[name])} is not allowed. Allowed: true, false.`);
  return false;
}

function readPort(env: Environment, faults: OptionFaults): { port?: number } {
  if (read(env, 'REDIS_PORT')?.startsWith('tcp:')) {
    faults.add(
      'REDIS_PORT',
      `${inspectShort(env.REDIS_PORT)} is no port: Kubernetes sets it so for a service called "redis". Set JOBS_URL, or enableServiceLinks: false.`,
    );
    return {};
  }
  const port = readInteger(env, 'REDIS_PORT', 1, 65_535, faults);
  return port === undefined ? {} : { port };
}

function readQueues(env: Environment, faults: OptionFaults): Map<string, number> {
  const queues = new Map<string, number>();
  // Sorted, ASYNQ_ comes before JOBS_, so that the latter counts.
  for (const variable of Object.keys(env).toSorted()) {
    const queue = QUEUE_VARIABLE.exec(variable)?.[1]?.toLowerCase();
    const text = read(env, variable);
    if (queue === undefined || text === undefined) continue;
    const weight = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    const problem = queueNameProblem(queue) ?? weightProblem(weight);
    if (problem === undefined) queues.set(queue, Number(weight));
    else faults.add(variable, problem);
  }
  return queues;
}
