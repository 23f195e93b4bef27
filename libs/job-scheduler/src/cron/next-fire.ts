import { nextWallTime } from './cron-calendar.js';
import { cronTable, type CronTable } from './cron-table.js';
import type { ScheduleSpec } from './schedule-spec.js';
import { zoneOffsets, type OffsetStretch, type ZoneOffsets } from './zone-offsets.js';

const HOUR = 3_600_000;
/** More than any offset, and more than any change of one: Manila and Apia once moved by 24 hours. */
const MARGIN = 48 * HOUR;
/** Nothing fires outside of these: the years that dates, stores and Intl write with four digits. */
const EARLIEST = Date.UTC(1000, 0, 1);
const LATEST = Date.UTC(9999, 11, 30);

/**
 * When a schedule fires next: the first fire later than `after`; undefined when there is none.
 * A cron schedule follows the wall clock of its zone (docs/semantics.md#daylight-saving-time). An interval fires at
 * `anchor + n × every`.
 * Times are milliseconds since the epoch.
 * @param anchor the moment that the schedule first existed; cron does not need it.
 */
export function nextFire(spec: ScheduleSpec, after: number, anchor: number): number | undefined {
  // A schedule's first fire may be at its start: look from the millisecond before.
  const from = Math.max(after, (spec.start ?? -Infinity) - 1, EARLIEST);
  if (!(from < LATEST)) return undefined;
  const next =
    spec.kind === 'interval'
      ? nextTick(spec.every, from, anchor)
      : nextCronFire(cronTable(spec.cron), spec.timezone, from);
  return next === undefined || next > (spec.end ?? LATEST) || next > LATEST ? undefined : next;
}

/** The first tick is one interval after the anchor: a schedule does not fire at the moment that it is made. */
function nextTick(every: number, after: number, anchor: number): number {
  return anchor + Math.max(1, Math.floor((after - anchor) / every) + 1) * every;
}

function nextCronFire(table: CronTable, timezone: string, after: number): number | undefined {
  const zone = zoneOffsets(timezone);
  return table.rule === 'each' ? nextOfEach(table, zone, after) : nextOfOnce(table, zone, after);
}

/** Every real moment whose local time matches: stretch by stretch, so that a repeated hour counts twice and a skipped one not at all. */
function nextOfEach(table: CronTable, zone: ZoneOffsets, after: number): number | undefined {
  let stretch = zone.at(after + 1);
  let from = after + 1;
  while (from < LATEST) {
    const wall = nextWallTime(table, from + stretch.offset);
    if (wall === undefined) return undefined;
    const instant = wall - stretch.offset;
    if (instant < stretch.end) return instant;
    // Nothing matches between here and `wall`, except that clocks may soon go back to a time before here.
    from = stretch.end > from + MARGIN ? Math.max(stretch.end, wall - MARGIN) : stretch.end;
    stretch = zone.at(from);
  }
  return undefined;
}

/**
 * Each local time fires when the zone's clock first shows it, or first shows a later one: in a repeated hour the first time,
 * in a skipped one at the first instant after the jump.
 */
function nextOfOnce(table: CronTable, zone: ZoneOffsets, after: number): number | undefined {
  const wall = nextWallTime(table, latestShown(zone, after) + 1);
  return wall === undefined || wall > LATEST ? undefined : firstShown(zone, wall);
}

/** The latest wall time that the clock has shown up to `instant`. */
function latestShown(zone: ZoneOffsets, instant: number): number {
  let latest = -Infinity;
  for (const stretch of stretches(zone, instant - MARGIN)) {
    const end = Math.min(stretch.end - 1, instant);
    latest = Math.max(latest, end + stretch.offset);
    if (end === instant) break;
  }
  return latest;
}

/** The first instant at which the clock shows `wall` or later. */
function firstShown(zone: ZoneOffsets, wall: number): number | undefined {
  for (const stretch of stretches(zone, wall - MARGIN)) {
    if (wall < stretch.end + stretch.offset) return Math.max(stretch.start, wall - stretch.offset);
  }
  return undefined;
}

function* stretches(zone: ZoneOffsets, from: number): Generator<OffsetStretch> {
  for (let stretch = zone.at(from); ; stretch = zone.at(stretch.end)) yield stretch;
}
