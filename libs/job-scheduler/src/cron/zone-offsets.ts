/** How far the clocks of a time zone are from UTC, as stretches of time between two changes. From Intl, kept per zone and year. */

/** A stretch with one offset: wall time is the instant plus `offset`. It may end with its year and not with a change. */
export interface OffsetStretch {
  /** Milliseconds since the epoch; the first instant in it. */
  readonly start: number;
  /** The first instant after it. */
  readonly end: number;
  readonly offset: number;
}

const HOUR = 3_600_000;
const YEAR = 366 * 24 * HOUR;
/** Clock changes are days apart: the nearest two of any zone 95 hours (Freetown 1939). */
const SAMPLE = 48 * HOUR;
const FOREVER: readonly OffsetStretch[] = [{ start: -Infinity, end: Infinity, offset: 0 }];

/** The stretches of one zone. */
export class ZoneOffsets {
  private readonly years = new Map<number, readonly OffsetStretch[]>();
  private readonly format: Intl.DateTimeFormat | undefined;

  constructor(timezone: string) {
    if (timezone === 'UTC') return;
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  at(instant: number): OffsetStretch {
    const stretches = this.format ? this.yearOf(instant) : FOREVER;
    for (const stretch of stretches) if (instant < stretch.end) return stretch;
    throw new RangeError(`No offset at ${instant}`);
  }

  private yearOf(instant: number): readonly OffsetStretch[] {
    const year = Math.floor(instant / YEAR);
    let stretches = this.years.get(year);
    if (!stretches) this.years.set(year, (stretches = this.measure(year * YEAR, (year + 1) * YEAR)));
    return stretches;
  }

  private measure(from: number, to: number): OffsetStretch[] {
    const stretches: OffsetStretch[] = [];
    let start = from;
    let offset = this.offsetAt(from);
    for (let low = from; low < to;) {
      const high = Math.min(low + SAMPLE, to);
      if (this.offsetAt(high) === offset) {
        low = high;
        continue;
      }
      low = this.changeBetween(low, high, offset);
      if (low === to) break;
      stretches.push({ start, end: low, offset });
      start = low;
      offset = this.offsetAt(low);
    }
    stretches.push({ start, end: to, offset });
    return stretches;
  }

  /** The first instant after `low` with another offset, to the second. */
  private changeBetween(low: number, high: number, offset: number): number {
    let before = low;
    let after = high;
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000;
      if (this.offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }

  /** At whole seconds only. */
  private offsetAt(instant: number): number {
    const clock: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.format?.formatToParts(instant) ?? []) clock[type] = Number(value);
    const { year = 0, month = 0, day, hour, minute, second } = clock;
    return Date.UTC(year, month - 1, day, hour, minute, second) - instant;
  }
}

const zones = new Map<string, ZoneOffsets>();

/** The zone must be known to Intl. */
export function zoneOffsets(timezone: string): ZoneOffsets {
  let offsets = zones.get(timezone);
  if (!offsets) zones.set(timezone, (offsets = new ZoneOffsets(timezone)));
  return offsets;
}
