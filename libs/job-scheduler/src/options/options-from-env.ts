import { OptionsError } from '../errors/definition-errors.js';
import type { Fault } from '../errors/fault.js';
import type { JobSchedulerOptions } from './job-scheduler-options.js';

type Environment = Readonly<Record<string, string | undefined>>;

const QUEUE_VARIABLE = /^(?:JOBS|ASYNQ)_QUEUE_(.+)$/;

/**
 * Module options from environment variables; empty ones count as unset.
 * `JOBS_URL` or `REDIS_URL`, else `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD` and `REDIS_DB`;
 * `JOBS_CONCURRENCY` (or `ASYNQ_CONCURRENCY`); `JOBS_QUEUE_<NAME>=<weight>` (or `ASYNQ_QUEUE_<NAME>`), names in lower case.
 * Of two that mean the same, the `JOBS_` one counts.
 *
 * @throws OptionsError that names each variable with a value that cannot be used.
 *
 * @example
 * ```ts
 * JobSchedulerModule.forRoot({ ...optionsFromEnv(), prefix: 'newsroom' });
 * ```
 */
export function optionsFromEnv(env: Environment = process.env): Partial<JobSchedulerOptions> {
  const faults: Fault[] = [];
  const read = (name: string) => env[name]?.trim() || undefined;
  const number = (name: string, fits: (value: number) => boolean, allowed: string): number | undefined => {
    const text = read(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isFinite(value) && fits(value)) return value;
    faults.push({ at: name, problem: `${JSON.stringify(text)} is not allowed. Allowed: ${allowed}.` });
    return undefined;
  };

  const url = read('JOBS_URL') ?? read('REDIS_URL');
  const host = read('REDIS_HOST');
  const port = number(
    'REDIS_PORT',
    (value) => Number.isInteger(value) && value > 0 && value < 65_536,
    'a port, 1 to 65535',
  );
  const db = number('REDIS_DB', (value) => Number.isInteger(value) && value >= 0, 'a whole number of at least 0');
  const password = read('REDIS_PASSWORD');
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  const concurrency =
    number('JOBS_CONCURRENCY', isCount, 'a whole number of at least 1') ??
    number('ASYNQ_CONCURRENCY', isCount, 'a whole number of at least 1');

  const queues: Record<string, number> = {};
  // JOBS_ after ASYNQ_, so that it counts.
  for (const name of Object.keys(env).toSorted()) {
    const queue = QUEUE_VARIABLE.exec(name)?.[1]?.toLowerCase();
    const weight = queue === undefined ? undefined : number(name, (value) => value > 0, 'a weight, a number above 0');
    if (queue !== undefined && weight !== undefined) queues[queue] = weight;
  }
  if (faults.length > 0) throw new OptionsError(faults);

  const address = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
  const access = { ...(password !== undefined && { password }), ...(db !== undefined && { db }) };
  const connection = url ?? (host !== undefined ? { ...address, ...access } : undefined);
  return {
    ...(connection !== undefined && { connection }),
    ...(concurrency !== undefined && { concurrency }),
    ...(Object.keys(queues).length > 0 && { queues }),
  };
}
