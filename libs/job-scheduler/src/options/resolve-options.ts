import { LONGEST_DURATION } from '../definition/duration.js';
import { isPlainObject, join, OptionFaults } from '../definition/option-faults.js';
import { resolveRetry } from '../definition/retry-policy.js';
import { show } from '../definition/show.js';
import { resolveTimeZone } from '../definition/time-zone.js';
import type { JobOptions } from '../definition/job-options.js';
import { OptionsError } from '../errors/definition-errors.js';
import { checkConnection } from './check-connection.js';
import { DEFAULT_QUEUES, JOB_DEFAULTS, MODULE_DEFAULTS } from './defaults.js';
import type { JobSchedulerOptions } from './job-scheduler-options.js';
import type { JobDefaults, QueueSettings, ResolvedOptions, RolePart } from './resolved-options.js';

const MODULE_OPTIONS = [
  'connection',
  'prefix',
  'queues',
  'queueOrder',
  'concurrency',
  'role',
  'jobs',
  'defaults',
  'history',
  'maxPayload',
  'shutdownTimeout',
  'lockDuration',
  'autoStart',
  'workerName',
  'telemetry',
] as const satisfies (keyof JobSchedulerOptions)[];

const JOB_DEFAULT_OPTIONS = Object.keys(JOB_DEFAULTS);
const PARTS: readonly RolePart[] = ['producer', 'worker', 'scheduler'];
const MOST_CONCURRENCY = 10_000;
const LARGEST_PAYLOAD = 64 * 1024 * 1024;
const SHORTEST_LOCK = 1_000;
const LONGEST_NAME = 200;

/** Validates the module's options together, fills in defaults, freezes. @throws OptionsError with every fault. */
export function resolveOptions(options: JobSchedulerOptions): ResolvedOptions {
  const faults = new OptionFaults();
  const given: Record<string, unknown> = faults.object('', options, MODULE_OPTIONS) ? options : {};
  const concurrency = faults.integer(
    'concurrency',
    given.concurrency,
    MODULE_DEFAULTS.concurrency,
    1,
    MOST_CONCURRENCY,
  );
  const queues = readQueues(given.queues, concurrency, faults);
  const resolved: ResolvedOptions = {
    connection: checkConnection('connection', given.connection, MODULE_DEFAULTS.connection, faults),
    prefix: readPrefix(given.prefix, faults),
    queues,
    queueOrder: faults.oneOf('queueOrder', given.queueOrder, MODULE_DEFAULTS.queueOrder, ['weighted', 'strict']),
    concurrency,
    roles: readRoles(given.role, faults),
    jobs: readJobs(given.jobs, faults),
    defaults: readJobDefaults(given.defaults, faults),
    history: faults.boolean('history', given.history, MODULE_DEFAULTS.history),
    maxPayload: faults.integer('maxPayload', given.maxPayload, MODULE_DEFAULTS.maxPayload, 1, LARGEST_PAYLOAD),
    shutdownTimeout: faults.duration('shutdownTimeout', given.shutdownTimeout, MODULE_DEFAULTS.shutdownTimeout),
    lockDuration: faults.duration(
      'lockDuration',
      given.lockDuration,
      MODULE_DEFAULTS.lockDuration,
      SHORTEST_LOCK,
      LONGEST_DURATION,
    ),
    autoStart: faults.boolean('autoStart', given.autoStart, MODULE_DEFAULTS.autoStart),
    workerName: readWorkerName(given.workerName, faults),
    telemetry: options.telemetry,
  };
  if (faults.list.length > 0) throw new OptionsError(faults.list);
  return Object.freeze(resolved);
}

function readPrefix(value: unknown, faults: OptionFaults): string {
  if (value === undefined) return MODULE_DEFAULTS.prefix;
  if (typeof value === 'string' && /^[A-Za-z_][\w-]{0,39}$/.test(value)) return value;
  faults.add(
    'prefix',
    `${show(value)} is not allowed. Allowed: a letter or "_", then up to 39 letters, digits, "_" or "-".`,
  );
  return MODULE_DEFAULTS.prefix;
}

function readQueues(value: unknown, concurrency: number, faults: OptionFaults): ReadonlyMap<string, QueueSettings> {
  const given = value ?? DEFAULT_QUEUES;
  const queues = new Map<string, QueueSettings>();
  if (!isPlainObject(given) || Object.keys(given).length === 0) {
    faults.add(
      'queues',
      `${show(given)} names no queue. Allowed: weights by name, such as { critical: 6, default: 3 }.`,
    );
    return queues;
  }
  for (const [name, settings] of Object.entries(given)) {
    queues.set(name, Object.freeze(readQueue(name, settings, concurrency, faults)));
  }
  return queues;
}

function readQueue(name: string, value: unknown, concurrency: number, faults: OptionFaults): QueueSettings {
  const at = join('queues', name);
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
    faults.add(
      at,
      `${show(name)} is no name of a queue. Allowed: a letter or digit, then up to 63 letters, digits, "_", "-" or ".".`,
    );
  }
  if (typeof value === 'number') return { name, weight: readWeight(at, value, faults), max: concurrency };
  if (!faults.object(at, value, ['weight', 'max'])) return { name, weight: 1, max: concurrency };
  return {
    name,
    weight: readWeight(join(at, 'weight'), value.weight, faults),
    max: faults.integer(join(at, 'max'), value.max, concurrency, 1, MOST_CONCURRENCY),
  };
}

function readWeight(at: string, value: unknown, faults: OptionFaults): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  faults.add(at, `${show(value)} is no weight. Allowed: a number above 0.`);
  return 1;
}

function readRoles(value: unknown, faults: OptionFaults): ReadonlySet<RolePart> {
  const roles = Array.isArray(value) ? (value as unknown[]) : [value];
  if (roles.length === 0) faults.add('role', 'The list is empty. Allowed: producer, worker, scheduler, all.');
  const parts = roles.flatMap((role): readonly RolePart[] => {
    const read = faults.oneOf('role', role, MODULE_DEFAULTS.role, [...PARTS, 'all'] as const);
    return read === 'all' ? PARTS : [read];
  });
  return new Set(parts);
}

function readJobs(value: unknown, faults: OptionFaults): Readonly<Record<string, Partial<JobOptions>>> {
  if (value === undefined) return Object.freeze({});
  if (!isPlainObject(value)) {
    faults.add('jobs', `${show(value)} is not an object. Allowed: options by job name.`);
    return Object.freeze({});
  }
  for (const [name, options] of Object.entries(value)) {
    // What they say is checked together with the jobs that they override.
    if (!isPlainObject(options))
      faults.add(join('jobs', name), `${show(options)} is not an object. Allowed: options of the job.`);
  }
  return Object.freeze({ ...(value as Record<string, Partial<JobOptions>>) });
}

function readJobDefaults(value: unknown, faults: OptionFaults): JobDefaults {
  if (value === undefined || !faults.object('defaults', value, JOB_DEFAULT_OPTIONS)) return JOB_DEFAULTS;
  const at = (name: string) => join('defaults', name);
  return Object.freeze({
    queue: readText(at('queue'), value.queue, JOB_DEFAULTS.queue, faults),
    retry: resolveRetry(value.retry, JOB_DEFAULTS.retry, at('retry'), faults),
    timeout: faults.duration(at('timeout'), value.timeout, JOB_DEFAULTS.timeout, 1),
    timezone: readTimeZone(at('timezone'), value.timezone, faults),
    misfire: faults.oneOf(at('misfire'), value.misfire, JOB_DEFAULTS.misfire, ['once', 'all', 'skip']),
    misfireThreshold: faults.duration(at('misfireThreshold'), value.misfireThreshold, JOB_DEFAULTS.misfireThreshold),
    maxCatchUp: faults.integer(at('maxCatchUp'), value.maxCatchUp, JOB_DEFAULTS.maxCatchUp, 1, 1_000_000),
    overlap: faults.oneOf(at('overlap'), value.overlap, JOB_DEFAULTS.overlap, ['allow', 'skip', 'wait', 'replace']),
    retention: readRetention(at('retention'), value.retention, faults),
  });
}

function readRetention(at: string, value: unknown, faults: OptionFaults): JobDefaults['retention'] {
  const { retention } = JOB_DEFAULTS;
  if (value === undefined || !faults.object(at, value, Object.keys(retention))) return retention;
  return Object.freeze({
    count: faults.integer(join(at, 'count'), value.count, retention.count, 0, 1_000_000_000),
    age: faults.duration(join(at, 'age'), value.age, retention.age),
    failed: faults.duration(join(at, 'failed'), value.failed, retention.failed),
  });
}

function readTimeZone(at: string, value: unknown, faults: OptionFaults): string {
  try {
    return resolveTimeZone(readText(at, value, JOB_DEFAULTS.timezone, faults));
  } catch (error) {
    faults.add(at, (error as Error).message);
    return JOB_DEFAULTS.timezone;
  }
}

function readText(at: string, value: unknown, fallback: string, faults: OptionFaults): string {
  if (value === undefined) return fallback;
  if (typeof value === 'string' && value !== '') return value;
  faults.add(at, `${show(value)} is not allowed. Allowed: a text.`);
  return fallback;
}

function readWorkerName(value: unknown, faults: OptionFaults): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME && !value.includes('\0')) return value;
  faults.add('workerName', `${show(value)} is not allowed. Allowed: a text of 1 to ${LONGEST_NAME} characters.`);
  return undefined;
}
