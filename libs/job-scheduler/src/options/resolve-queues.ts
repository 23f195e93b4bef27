import { isPlainObject, join, type OptionFaults } from '../common/option-faults.js';
import { inspectShort } from '../common/inspect-short.js';
import { DEFAULT_QUEUES, MODULE_DEFAULTS } from './defaults.js';
import { frozenMap } from './frozen-copy.js';
import type { QueueOptions } from './job-scheduler-options.js';
import type { QueueSettings } from './resolved-options.js';

const QUEUE_OPTIONS = ['weight', 'max', 'maxWaiting', 'whenFull'] as const satisfies (keyof QueueOptions)[];
const MOST = 1_000_000_000;

/** Queues by name. What is wrong is noted in `faults`. */
export function resolveQueues(
  value: unknown,
  concurrency: number,
  faults: OptionFaults,
): ReadonlyMap<string, QueueSettings> {
  const given = value === undefined ? DEFAULT_QUEUES : value;
  if (!isPlainObject(given) || Object.keys(given).length === 0) {
    faults.add(
      'queues',
      `${inspectShort(given)} names no queue. Allowed: weights by name, such as { critical: 6, default: 3 }.`,
    );
    return frozenMap([]);
  }
  return frozenMap(
    Object.entries(given).map(([name, settings]) => [name, readQueue(name, settings, concurrency, faults)]),
  );
}

/** What is wrong with a queue's name; undefined when nothing is. BullMQ refuses `:`, and `_` begins our own queues. */
export function queueNameProblem(name: string): string | undefined {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) return undefined;
  return `${inspectShort(name)} is no name of a queue. Allowed: a letter or digit, then up to 63 letters, digits, "_", "-" or ".".`;
}

/** What is wrong with a weight; undefined when nothing is. */
export function weightProblem(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return undefined;
  return `${inspectShort(value)} is no weight. Allowed: a number above 0.`;
}

function readQueue(name: string, value: unknown, concurrency: number, faults: OptionFaults): QueueSettings {
  const at = join('queues', name);
  const problem = queueNameProblem(name);
  if (problem !== undefined) faults.add(at, problem);
  if (!isPlainObject(value)) {
    if (typeof value === 'number')
      return Object.freeze({ name, weight: readWeight(at, value, faults), max: concurrency });
    faults.add(
      at,
      `${inspectShort(value)} is no weight. Allowed: a number above 0, or an object with ${QUEUE_OPTIONS.join(', ')}.`,
    );
    return Object.freeze({ name, weight: 1, max: concurrency });
  }
  faults.object(at, value, QUEUE_OPTIONS);
  const whenFull = faults.oneOf(join(at, 'whenFull'), value.whenFull, MODULE_DEFAULTS.whenFull, ['reject', 'wait']);
  const maxWaiting = faults.integer(join(at, 'maxWaiting'), value.maxWaiting, MOST, 1, MOST);
  return Object.freeze({
    name,
    weight: readWeight(join(at, 'weight'), value.weight, faults),
    max: faults.integer(join(at, 'max'), value.max, concurrency, 1, MOST),
    ...(value.maxWaiting !== undefined && { maxWaiting, whenFull }),
  });
}

function readWeight(at: string, value: unknown, faults: OptionFaults): number {
  const problem = weightProblem(value);
  if (problem === undefined) return value as number;
  faults.add(at, problem);
  return 1;
}
