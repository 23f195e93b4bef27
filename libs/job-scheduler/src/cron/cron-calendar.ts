import type { CronTable } from './cron-table.js';

/*
 * "Wall time" is what a clock on the wall shows, as the milliseconds that UTC would have with the same reading.
 * Time zones are no matter of this file.
 */

const DAY_SECONDS = 86_400;
/** The Gregorian calendar repeats after 400 years: what does not match within them never does. */
const CYCLE_YEARS = 400;

/** The first wall time at or after `wall` that matches; undefined when there is none, in no year. */
export function nextWallTime(table: CronTable, wall: number): number | undefined {
  const seconds = Math.ceil(wall / 1000);
  let day = Math.floor(seconds / DAY_SECONDS);
  let time: number | undefined;
  if (dayMatches(table, day)) time = nextTimeOfDay(table, seconds - day * DAY_SECONDS);
  if (time === undefined) {
    const found = nextDay(table, day + 1);
    if (found === undefined) return undefined;
    day = found;
    time = nextTimeOfDay(table, 0);
  }
  // Every field has a value: a day that matches has a time.
  return time === undefined ? undefined : (day * DAY_SECONDS + time) * 1000;
}

/** Seconds since midnight, at or after `from`. */
function nextTimeOfDay({ nextHour, nextMinute, nextSecond }: CronTable, from: number): number | undefined {
  const fromHour = Math.floor(from / 3600);
  const fromMinute = Math.floor(from / 60) % 60;
  const hour = at(nextHour, fromHour);
  if (hour === fromHour) {
    let minute = at(nextMinute, fromMinute);
    if (minute === fromMinute) {
      const second = at(nextSecond, from % 60);
      if (second >= 0) return hour * 3600 + minute * 60 + second;
      minute = at(nextMinute, fromMinute + 1);
    }
    if (minute >= 0) return hour * 3600 + minute * 60 + at(nextSecond, 0);
  }
  const later = hour === fromHour ? at(nextHour, fromHour + 1) : hour;
  return later < 0 ? undefined : later * 3600 + at(nextMinute, 0) * 60 + at(nextSecond, 0);
}

function at(next: Int8Array, value: number): number {
  return next[value] ?? -1;
}

function dayMatches(table: CronTable, dayNumber: number): boolean {
  const date = new Date(dayNumber * DAY_SECONDS * 1000);
  const month = date.getUTCMonth() + 1;
  return (
    table.months[month] === 1 &&
    table.matchesDay(date.getUTCDate(), date.getUTCDay(), daysInMonth(date.getUTCFullYear(), month))
  );
}

/** The first day that matches, counted in days since the epoch. */
function nextDay(table: CronTable, from: number): number | undefined {
  const start = new Date(from * DAY_SECONDS * 1000);
  let year = start.getUTCFullYear();
  let month = start.getUTCMonth() + 1;
  let day = start.getUTCDate();
  let weekday = start.getUTCDay();
  for (let months = 0, passed = 0; months <= CYCLE_YEARS * 12; months++) {
    const last = daysInMonth(year, month);
    if (table.months[month] === 1) {
      for (let each = day; each <= last; each++) {
        if (table.matchesDay(each, (weekday + each - day) % 7, last)) return from + passed + each - day;
      }
    }
    passed += last - day + 1;
    weekday = (weekday + last - day + 1) % 7;
    day = 1;
    if (++month > 12) {
      month = 1;
      year++;
    }
  }
  return undefined;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29;
  return MONTH_DAYS[month - 1] ?? 31;
}
