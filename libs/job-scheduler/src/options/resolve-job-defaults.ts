import { join, type OptionFaults } from '../common/option-faults.js';
import { resolveRetry } from '../definition/retry-policy.js';
import { inspectShort } from '../common/inspect-short.js';
import { resolveTimeZone } from '../cron/time-zone.js';
import { ScheduleError } from '../errors/definition-errors.js';
import { didYouMean } from '../errors/did-you-mean.js';
import { JOB_DEFAULTS } from './defaults.js';
import type { JobDefaults } from './resolved-options.js';

const OPTIONS = Object.keys(JOB_DEFAULTS);
const MOST = 1_000_000;

/** What jobs get where they say nothing. What is wrong is noted in `faults`. */
export function resolveJobDefaults(value: unknown, queues: readonly string[], faults: OptionFaults): JobDefaults {
  if (value === undefined || !faults.object('defaults', value, OPTIONS)) return JOB_DEFAULTS;
  const at = (name: string) => join('defaults', name);
  return Object.freeze({
    queue: readQueue(at('queue'), value.queue, queues, faults),
    retry: resolveRetry(value.retry, JOB_DEFAULTS.retry, at('retry'), faults),
    timeout: faults.duration(at('timeout'), value.timeout, JOB_DEFAULTS.timeout, 1),
    timezone: readTimeZone(at('timezone'), value.timezone, faults),
    misfire: faults.oneOf(at('misfire'), value.misfire, JOB_DEFAULTS.misfire, ['once', 'all', 'skip']),
    misfireThreshold: faults.duration(at('misfireThreshold'), value.misfireThreshold, JOB_DEFAULTS.misfireThreshold),
    maxCatchUp: faults.integer(at('maxCatchUp'), value.maxCatchUp, JOB_DEFAULTS.maxCatchUp, 1, MOST),
    overlap: faults.oneOf(at('overlap'), value.overlap, JOB_DEFAULTS.overlap, ['allow', 'skip', 'wait', 'replace']),
    retention: readRetention(at('retention'), value.retention, faults),
  });
}

function readQueue(at: string, value: unknown, queues: readonly string[], faults: OptionFaults): string {
  if (value === undefined) return JOB_DEFAULTS.queue;
  if (typeof value === 'string' && queues.includes(value)) return value;
  const hint = didYouMean(typeof value === 'string' ? value : '', queues, 'Configured');
  faults.add(at, `Queue ${inspectShort(value)} is not configured.${hint}`);
  return JOB_DEFAULTS.queue;
}

function readRetention(at: string, value: unknown, faults: OptionFaults): JobDefaults['retention'] {
  const { retention } = JOB_DEFAULTS;
  if (value === undefined || !faults.object(at, value, Object.keys(retention))) return retention;
  return Object.freeze({
    count: faults.integer(join(at, 'count'), value.count, retention.count, 0, MOST),
    age: faults.duration(join(at, 'age'), value.age, retention.age),
    failed: faults.duration(join(at, 'failed'), value.failed, retention.failed),
  });
}

function readTimeZone(at: string, value: unknown, faults: OptionFaults): string {
  if (value === undefined) return JOB_DEFAULTS.timezone;
  try {
    // Not a text is no zone either, and the error says so.
    return resolveTimeZone(value as string);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    faults.add(at, error.message);
    return JOB_DEFAULTS.timezone;
  }
}
