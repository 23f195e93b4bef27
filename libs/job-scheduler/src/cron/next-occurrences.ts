import { types } from 'node:util';
import { ScheduleError } from '../errors/definition-errors.js';
import type { Schedule } from './schedule-options.js';
import { nextFire } from './next-fire.js';
import { optionsProblem } from '../common/options-problem.js';
import { parseSchedule } from './schedule.js';
import { inspectShort } from '../common/inspect-short.js';

/** What `nextOccurrences` takes beside the schedule. */
export interface NextOccurrencesOptions {
  /** IANA name, or `'local'`. Default `'UTC'`. */
  timezone?: string;
  /** Fires later than this. Default: now. An interval is counted from here. */
  after?: Date;
  /** How many, 1 to 10,000. Default 5. */
  count?: number;
}

const OPTIONS = ['timezone', 'after', 'count'];
const MOST = 10_000;

/**
 * The next times at which a schedule fires: fewer than `count` when it ends before, none when it never fires.
 * Takes a cron expression, a macro, or an interval; day and night changes are kept to as by the scheduler itself.
 *
 * @example nextOccurrences('0 2 * * *', { timezone: 'Europe/Berlin', count: 3 })
 * @throws ScheduleError when the schedule, the zone or the options cannot be read.
 */
export function nextOccurrences(schedule: string | Schedule, options: NextOccurrencesOptions = {}): Date[] {
  const wrong = optionsProblem(options, OPTIONS);
  if (wrong) throw new ScheduleError('schedule', options, `${wrong.name ?? 'options'}: ${wrong.problem}`);
  const { timezone = 'UTC', after = new Date(), count = 5 } = options;
  const spec = parseSchedule(schedule, timezone);
  if (!types.isDate(after) || Number.isNaN(after.getTime())) {
    throw new ScheduleError('schedule', after, `after: ${inspectShort(after)} is not a date. Allowed: a valid Date.`);
  }
  if (!Number.isInteger(count) || count < 1 || count > MOST) {
    throw new ScheduleError(
      'schedule',
      count,
      `count: ${inspectShort(count)} is not allowed. Allowed: a whole number from 1 to 10,000.`,
    );
  }
  const anchor = after.getTime();
  const fires: Date[] = [];
  let fire = nextFire(spec, anchor, anchor);
  while (fire !== undefined && fires.length < count) {
    fires.push(new Date(fire));
    fire = nextFire(spec, fire, anchor);
  }
  return fires;
}
