/**
 * One field of a cron expression. The grammar is Debian's cron: lists of values, ranges and steps, with names; and of
 * Quartz ranges that wrap (`fri-mon`), `L`, `W` and `#`. A list is a set: what it names twice counts once.
 */
import { didYouMean } from '../errors/did-you-mean.js';
import { inspectShort } from '../common/inspect-short.js';

export interface CronField {
  /** 1 at each value of the field. Weekdays: 0 is Sunday, and 7 stands at 0. */
  readonly values: Uint8Array;
  /** Whether it begins with `*` or `?`: Debian's rule for the two day fields looks at that. */
  readonly startsWithStar: boolean;
  /** Days of the month that depend on the month, and weekdays that depend on their place in it. */
  readonly special: readonly SpecialDay[];
}

export type SpecialDay =
  /** `L`, `L-3`: so many days before the last day of the month. */
  | { readonly kind: 'from-end'; readonly offset: number }
  /** `15W`: the weekday (Monday to Friday) nearest to the 15th, in the same month. */
  | { readonly kind: 'nearest-weekday'; readonly day: number }
  /** `LW`: the last Monday to Friday of the month. */
  | { readonly kind: 'last-working-day' }
  /** `mon#2`: the second Monday. */
  | { readonly kind: 'nth'; readonly weekday: number; readonly nth: number }
  /** `friL`: the last Friday. */
  | { readonly kind: 'last'; readonly weekday: number };

interface FieldKind {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** How many values it has: the longest step. */
  readonly span: number;
  readonly names?: readonly string[];
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');

export const CRON_FIELDS = [
  { name: 'second', least: 0, most: 59, span: 60 },
  { name: 'minute', least: 0, most: 59, span: 60 },
  { name: 'hour', least: 0, most: 23, span: 24 },
  { name: 'day of month', least: 1, most: 31, span: 31 },
  { name: 'month', least: 1, most: 12, span: 12, names: MONTHS },
  { name: 'day of week', least: 0, most: 7, span: 7, names: WEEKDAYS },
] as const satisfies readonly FieldKind[];

const DAY_OF_MONTH = 3;
const DAY_OF_WEEK = 5;

/** What is wrong with a field, in a few words. */
export class CronFieldProblem extends Error {}

/**
 * @param index the field's place among six, seconds first.
 * @throws CronFieldProblem
 */
export function readCronField(text: string, index: number): CronField {
  const kind: FieldKind = CRON_FIELDS[index]!;
  const values = new Uint8Array(kind.most + 1);
  const special: SpecialDay[] = [];
  const items = text.split(',');
  for (const item of items) {
    if (item === '') throw new CronFieldProblem('a value is missing beside a comma');
    const day = readSpecialDay(item, index, kind);
    if (day) special.push(day);
    else addValues(values, item, kind, items.length > 1);
  }
  // 7 is Sunday, too.
  if (index === DAY_OF_WEEK && values[7]) values[0] = 1;
  return { values, special, startsWithStar: text.startsWith('*') || text.startsWith('?') };
}

function readSpecialDay(item: string, index: number, kind: FieldKind): SpecialDay | undefined {
  if (index === DAY_OF_MONTH) return readSpecialDayOfMonth(item, kind);
  if (index === DAY_OF_WEEK) return readSpecialWeekday(item, kind);
  if (/^L|W$|#/i.test(item)) throw new CronFieldProblem(`${inspectShort(item)} is for the fields of days only`);
  return undefined;
}

function readSpecialDayOfMonth(item: string, kind: FieldKind): SpecialDay | undefined {
  if (/^LW$/i.test(item)) return { kind: 'last-working-day' };
  const fromEnd = /^L(?:-(\d{1,2}))?$/i.exec(item);
  if (fromEnd) {
    const offset = Number(fromEnd[1] ?? 0);
    if (offset > 30) throw new CronFieldProblem(`${inspectShort(item)} is before any month`);
    return { kind: 'from-end', offset };
  }
  const nearest = /^(\d{1,2})W$/i.exec(item);
  return nearest ? { kind: 'nearest-weekday', day: readValue(nearest[1]!, kind) } : undefined;
}

function readSpecialWeekday(item: string, kind: FieldKind): SpecialDay | undefined {
  if (/^L$/i.test(item)) throw new CronFieldProblem('"L" needs a weekday, such as "friL"; for Saturdays, write "sat"');
  const last = /^(\w{1,3})L$/i.exec(item);
  if (last) return { kind: 'last', weekday: readValue(last[1]!, kind) % 7 };
  const at = item.indexOf('#');
  if (at < 0) return undefined;
  const nth = item.slice(at + 1);
  if (!/^[1-5]$/.test(nth)) throw new CronFieldProblem(`${inspectShort(item)}: "#" takes a number from 1 to 5`);
  return { kind: 'nth', weekday: readValue(item.slice(0, at), kind) % 7, nth: Number(nth) };
}

/** `*`, `5`, `1-5`, each with a step or without. */
function addValues(values: Uint8Array, item: string, kind: FieldKind, isInList: boolean): void {
  const [base = '', step, ...rest] = item.split('/');
  if (rest.length > 0) throw new CronFieldProblem(`${inspectShort(item)} has more than one step`);
  const every = step === undefined ? 1 : readStep(step, item, kind, isInList);
  const isAll = base === '*' || base === '?';
  const [from, to] = isAll ? [kind.least, lastOf(kind)] : readRange(base, kind, step !== undefined);
  // A range that ends before it begins goes on over the end of the field: fri-mon, 22-2.
  const length = from <= to ? to - from : to - from + kind.span;
  for (let n = 0; n <= length; n += every) {
    const value = from + n;
    values[value > kind.most ? value - kind.span : value] = 1;
  }
}

/** 7 is Sunday once more: `*` and `1/2` end at Saturday. */
const lastOf = (kind: FieldKind): number => kind.least + kind.span - 1;

function readRange(text: string, kind: FieldKind, hasStep: boolean): [from: number, to: number] {
  const ends = text.split('-');
  if (ends.length > 2) throw new CronFieldProblem(`${inspectShort(text)} is not a range`);
  const from = readValue(ends[0]!, kind);
  if (ends.length === 2) return [from, readValue(ends[1]!, kind)];
  return [from, hasStep ? Math.max(from, lastOf(kind)) : from];
}

function readStep(text: string, item: string, kind: FieldKind, isInList: boolean): number {
  const step = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (step === 0) throw new CronFieldProblem(`${inspectShort(item)}: a step is a whole number from 1`);
  // "*/90" would fire at minute 0 of every hour. In a list of days, "*/100,1-7" makes both day fields count.
  if (step > kind.span && !(isInList && kind.name.startsWith('day')))
    throw new CronFieldProblem(
      `a step of ${step} is longer than the field; for an interval, write "every" and a duration`,
    );
  return step;
}

function readValue(text: string, kind: FieldKind): number {
  if (/^\d{1,4}$/.test(text)) {
    const value = Number(text);
    if (value >= kind.least && value <= kind.most) return value;
    throw new CronFieldProblem(`${value} is not from ${kind.least} to ${kind.most}`);
  }
  const place = kind.names?.indexOf(text.toLowerCase()) ?? -1;
  if (place >= 0) return kind.least + place;
  if (/^H\b/i.test(text)) throw new CronFieldProblem('"H" is not supported: it would differ from process to process');
  if (!kind.names)
    throw new CronFieldProblem(`${inspectShort(text)} is not a number from ${kind.least} to ${kind.most}`);
  throw new CronFieldProblem(
    `${inspectShort(text)} is neither a number from ${kind.least} to ${kind.most} nor a name.${didYouMean(text, kind.names, 'Names')}`,
  );
}
