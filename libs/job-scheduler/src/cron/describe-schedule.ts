import cronstrue from 'cronstrue';
import type { Schedule } from './schedule-options.js';
import type { ScheduleSpec } from './schedule-spec.js';
import { parseSchedule } from './schedule.js';

const UNITS = [
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
] as const;

/**
 * A schedule in words: `At 02:00`, `Every 15 minutes`. The time zone is not in them.
 * @throws ScheduleError when the schedule cannot be read.
 */
export function describeSchedule(schedule: string | Schedule): string {
  return describeSpec(parseSchedule(schedule, 'UTC'));
}

/** The same for a schedule that has been read. Never throws. */
export function describeSpec(spec: ScheduleSpec): string {
  if (spec.kind === 'interval') return `Every ${intervalInWords(spec.every)}`;
  try {
    const words = cronstrue.toString(spec.cron, { use24HourTimeFormat: true });
    return words.includes('undefined') ? spec.expression : words;
  } catch {
    // It has a smaller grammar than ours; the expression itself says as much.
    return spec.expression;
  }
}

function intervalInWords(ms: number): string {
  const parts: [count: number, unit: string][] = [];
  let left = ms;
  for (const [unit, size] of UNITS) {
    if (left < size || (unit === 'week' && left % size !== 0)) continue;
    parts.push([Math.floor(left / size), unit]);
    left %= size;
  }
  if (parts.length === 1 && parts[0]?.[0] === 1) return parts[0][1];
  return new Intl.ListFormat('en', { style: 'long' }).format(
    parts.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`),
  );
}
