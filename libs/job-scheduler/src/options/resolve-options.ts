import type { JobOptions } from '../definition/job-options.js';
import { isPlainObject, join, OptionFaults } from '../common/option-faults.js';
import { inspectShort } from '../common/inspect-short.js';
import { didYouMean } from '../errors/did-you-mean.js';
import { OptionsError } from '../errors/definition-errors.js';
import { checkConnection } from './check-connection.js';
import { MODULE_DEFAULTS } from './defaults.js';
import { frozenCopy, frozenSet } from './frozen-copy.js';
import type { JobSchedulerOptions } from './job-scheduler-options.js';
import { resolveJobDefaults } from './resolve-job-defaults.js';
import { resolveQueues } from './resolve-queues.js';
import type { ResolvedOptions, RolePart } from './resolved-options.js';

const MODULE_OPTIONS = [
  'connection',
  'prefix',
  'app',
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
  'logStacks',
  'globalEnhancers',
  'telemetry',
] as const satisfies (keyof JobSchedulerOptions)[];

const PARTS: readonly RolePart[] = ['producer', 'worker', 'scheduler'];
/** The most handlers that a process may run at once. */
export const MOST_CONCURRENCY = 10_000;
const LARGEST_PAYLOAD = 64 * 1024 * 1024;
const SHORTEST_LOCK = 1_000;
/** A day: longer, no job of a dead worker would be taken up while somebody waits for it. */
const LONGEST_LOCK = 86_400_000;
const LONGEST_NAME = 200;

/**
 * Validates the module's options together, fills in defaults, and freezes them deeply. What belongs to the user (clients,
 * schemas, functions, dates) is kept as it is.
 * @param queueNames that `forRootAsync` was given, for `@InjectQueue`.
 * @throws OptionsError with every fault.
 */
export function resolveOptions(options: JobSchedulerOptions, queueNames: readonly string[] = []): ResolvedOptions {
  const faults = new OptionFaults();
  const given = readNames(options, faults);
  const concurrency = faults.integer(
    'concurrency',
    given.concurrency,
    MODULE_DEFAULTS.concurrency,
    1,
    MOST_CONCURRENCY,
  );
  const queues = resolveQueues(given.queues, concurrency, faults);
  checkQueueNames(queueNames, [...queues.keys()], faults);
  const resolved: ResolvedOptions = {
    connection: checkConnection('connection', given.connection, MODULE_DEFAULTS.connection, faults),
    prefix: readPrefix(given.prefix, faults),
    app: readName('app', given.app, faults),
    queues,
    queueOrder: faults.oneOf('queueOrder', given.queueOrder, MODULE_DEFAULTS.queueOrder, ['weighted', 'strict']),
    concurrency,
    roles: readRoles(given.role, faults),
    jobs: readJobs(given.jobs, faults),
    defaults: resolveJobDefaults(given.defaults, [...queues.keys()], faults),
    history: faults.boolean('history', given.history, MODULE_DEFAULTS.history),
    maxPayload: faults.integer('maxPayload', given.maxPayload, MODULE_DEFAULTS.maxPayload, 1, LARGEST_PAYLOAD),
    shutdownTimeout: faults.duration('shutdownTimeout', given.shutdownTimeout, MODULE_DEFAULTS.shutdownTimeout),
    lockDuration: faults.duration(
      'lockDuration',
      given.lockDuration,
      MODULE_DEFAULTS.lockDuration,
      SHORTEST_LOCK,
      LONGEST_LOCK,
    ),
    autoStart: faults.boolean('autoStart', given.autoStart, MODULE_DEFAULTS.autoStart),
    workerName: readName('workerName', given.workerName, faults),
    logStacks: faults.boolean('logStacks', given.logStacks, process.env.NODE_ENV !== 'production'),
    globalEnhancers: faults.boolean('globalEnhancers', given.globalEnhancers, MODULE_DEFAULTS.globalEnhancers),
    telemetry: readTelemetry(given.telemetry, faults),
  };
  if (faults.list.length > 0) throw new OptionsError(faults.list);
  return Object.freeze(resolved);
}

/** Class instances are welcome here: a factory may well give its configuration object. */
function readNames(options: unknown, faults: OptionFaults): Readonly<Record<string, unknown>> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const hint = options === undefined ? ' A factory must return them.' : '';
    faults.add('forRoot', `${inspectShort(options)} is not an object of options.${hint}`);
    return {};
  }
  for (const name of Object.keys(options)) {
    if (MODULE_OPTIONS.some((known) => known === name)) continue;
    faults.add(name, `There is no such option.${didYouMean(name, MODULE_OPTIONS, 'Known')}`);
  }
  if ('connection' in options && options.connection === undefined) {
    faults.add(
      'connection',
      'It is undefined: a variable that is not set? Give a URL or a client; for jobs that end with the process, write "memory:" or leave the option out.',
    );
  }
  return options as Readonly<Record<string, unknown>>;
}

/** A queue for `@InjectQueue` that this module does not have would fail at its first use. */
function checkQueueNames(names: readonly string[], queues: readonly string[], faults: OptionFaults): void {
  for (const name of names) {
    if (queues.includes(name)) continue;
    faults.add(
      'queueNames',
      `${inspectShort(name)} is none of the \`queues\`.${didYouMean(name, queues, 'Configured')}`,
    );
  }
}

function readPrefix(value: unknown, faults: OptionFaults): string {
  if (value === undefined) return MODULE_DEFAULTS.prefix;
  if (typeof value === 'string' && /^[A-Za-z_][\w-]{0,39}$/.test(value)) return value;
  faults.add(
    'prefix',
    `${inspectShort(value)} is not allowed. Allowed: a letter or "_", then up to 39 letters, digits, "_" or "-".`,
  );
  return MODULE_DEFAULTS.prefix;
}

function readRoles(value: unknown, faults: OptionFaults): ReadonlySet<RolePart> {
  const roles = Array.isArray(value) ? (value as unknown[]) : [value];
  if (roles.length === 0) faults.add('role', 'The list is empty. Allowed: producer, worker, scheduler, all.');
  const parts = roles.flatMap((role): readonly RolePart[] => {
    const read = faults.oneOf('role', role, MODULE_DEFAULTS.role, [...PARTS, 'all'] as const);
    return read === 'all' ? PARTS : [read];
  });
  return frozenSet(parts);
}

function readJobs(value: unknown, faults: OptionFaults): Readonly<Record<string, Partial<JobOptions>>> {
  if (value === undefined) return Object.freeze({});
  if (!isPlainObject(value)) {
    faults.add('jobs', `${inspectShort(value)} is not an object. Allowed: options by job name.`);
    return Object.freeze({});
  }
  for (const [name, options] of Object.entries(value)) {
    // What they say is checked together with the jobs that they override.
    if (!isPlainObject(options))
      faults.add(join('jobs', name), `${inspectShort(options)} is not an object. Allowed: options of the job.`);
  }
  return frozenCopy(value as Record<string, Partial<JobOptions>>);
}

function readName(option: 'app' | 'workerName', value: unknown, faults: OptionFaults): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME && !value.includes('\0')) return value;
  faults.add(option, `${inspectShort(value)} is not allowed. Allowed: a text of 1 to ${LONGEST_NAME} characters.`);
  return undefined;
}

function readTelemetry(value: unknown, faults: OptionFaults): ResolvedOptions['telemetry'] {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && 'tracer' in value && 'contextManager' in value) {
    return value as ResolvedOptions['telemetry'];
  }
  faults.add(
    'telemetry',
    "It is no telemetry. Allowed: an object with BullMQ's Telemetry interface, e.g. of bullmq-otel.",
  );
  return undefined;
}
