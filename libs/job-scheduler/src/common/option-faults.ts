import { didYouMean } from '../errors/did-you-mean.js';
import type { Fault } from '../errors/fault.js';
import { LONGEST_DURATION, formatDuration, readDuration } from './duration.js';
import { inspectShort } from './inspect-short.js';

/**
 * Collects what is wrong with options, so that all of it is reported together.
 * Each reader gives the value, or `fallback` after it has noted a fault.
 */
export class OptionFaults {
  readonly list: Fault[] = [];

  add(at: string, problem: string): void {
    this.list.push({ at, problem });
  }

  /** Whether `value` is a plain object; notes a fault for anything else, and for each name that is not in `known`. */
  object(at: string, value: unknown, known: readonly string[]): value is Record<string, unknown> {
    if (!isPlainObject(value)) {
      this.add(at, `${inspectShort(value)} is not an object. Allowed options: ${known.join(', ')}.`);
      return false;
    }
    for (const name of Object.keys(value)) {
      if (!known.includes(name))
        this.add(join(at, name), `There is no such option.${didYouMean(name, known, 'Known')}`);
    }
    return true;
  }

  /** Milliseconds. */
  duration(at: string, value: unknown, fallback: number, least = 0, most = LONGEST_DURATION): number {
    if (value === undefined) return fallback;
    const reading = readDuration(value);
    if (!reading.ok) {
      this.add(at, reading.problem);
      return fallback;
    }
    if (reading.ms < least) {
      this.add(at, `${inspectShort(value)} is too short. Allowed: at least ${formatDuration(least)}.`);
      return fallback;
    }
    if (reading.ms > most) {
      this.add(at, `${inspectShort(value)} is too long. Allowed: at most ${formatDuration(most)}.`);
      return fallback;
    }
    return reading.ms;
  }

  integer(at: string, value: unknown, fallback: number, least: number, most: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.add(
      at,
      `${inspectShort(value)} is not allowed. Allowed: a whole number from ${grouped(least)} to ${grouped(most)}.`,
    );
    return fallback;
  }

  boolean(at: string, value: unknown, fallback: boolean): boolean {
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.add(at, `${inspectShort(value)} is not allowed. Allowed: true or false.`);
    return fallback;
  }

  oneOf<T extends string>(at: string, value: unknown, fallback: T, allowed: readonly T[]): T {
    if (value === undefined) return fallback;
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    const hint = didYouMean(typeof value === 'string' ? value : '', allowed, 'Allowed');
    this.add(at, `${inspectShort(value)} is not allowed.${hint}`);
    return fallback;
  }
}

/** `{}` and the like; no class instances, no arrays. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** The option's path: `queues.low.weight`. */
export function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}

/** `10000` as `10,000`. */
function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
