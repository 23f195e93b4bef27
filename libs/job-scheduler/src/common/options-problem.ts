import { didYouMean } from '../errors/did-you-mean.js';
import { inspectShort } from './inspect-short.js';

export interface OptionsProblem {
  /** The name that is not known; undefined where the whole is wrong. */
  readonly name: string | undefined;
  /** A sentence. */
  readonly problem: string;
}

/**
 * What is wrong with the options of a call: they are no object, or have a name that is not known. Otherwise a name that is
 * mistyped, or a value in their place, would mean nothing, in silence.
 */
export function optionsProblem(value: unknown, known: readonly string[]): OptionsProblem | undefined {
  if (!isFields(value))
    return {
      name: undefined,
      problem: `${inspectShort(value)} is not allowed. Allowed: an object with ${known.join(', ')}.`,
    };
  const name = Object.keys(value).find((each) => !known.includes(each));
  return name === undefined
    ? undefined
    : { name, problem: `There is no option ${inspectShort(name)}.${didYouMean(name, known, 'Options')}` };
}

/** An object with fields of its own, also one of a class of the app: no array, no function, no date, no map. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
}

/** One of another realm, or of a polyfill, too. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return typeof (value as Partial<AbortSignal> | null | undefined)?.throwIfAborted === 'function';
}
