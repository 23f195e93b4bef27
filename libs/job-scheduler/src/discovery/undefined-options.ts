import { isPlainObject, join } from '../common/option-faults.js';
import type { Fault } from '../errors/fault.js';

/** What they hold is not ours: JSON leaves out what a payload has undefined, and schemas may be plain objects. */
const OPAQUE = new Set(['payload', 'schema']);

/**
 * Options that are written out, but have no value: the variable is not set, or the import goes in a circle. Taken for left
 * out they would change what the job is, in silence: it would never run, or fail without a word.
 */
export function undefinedOptions(options: object): readonly Fault[] {
  return pathsOf(options, '').map((at) => ({
    at,
    problem:
      'It is written out, but undefined: a variable that is not set, or an import in a circle (then name the job by a text). Give a value, or leave the option out.',
  }));
}

function pathsOf(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => pathsOf(each, `${at}[${index}]`));
  if (!isPlainObject(value)) return value === undefined ? [at] : [];
  return Object.entries(value).flatMap(([name, each]) =>
    OPAQUE.has(name) && (at !== '' || each !== undefined) ? [] : pathsOf(each, join(at, name)),
  );
}
