import { nearestName } from '../errors/did-you-mean.js';
import { ScheduleError } from '../errors/definition-errors.js';
import { inspectShort } from '../common/inspect-short.js';

const LOCAL = 'local';
/** RemoteCancelRequest Intl takes long, and a fleet's schedules share few zones. */
const CACHE_LIMIT = 1000;
const resolved = new Map<string, string>();

/**
 * The IANA name to store for a time zone: `'local'` becomes the process's zone, `'europe/berlin'` is written as IANA does.
 * Other names for a zone are kept, since versions of Node differ in which one they prefer.
 * @throws ScheduleError when Intl does not know the zone.
 */
export function resolveTimeZone(name: string): string {
  const known = resolved.get(name);
  if (known !== undefined) return known;
  if (name === LOCAL) return processZone();
  const canonical = typeof name === 'string' && /^[a-z]/i.test(name) ? canonicalName(name) : undefined;
  if (canonical === undefined) throw new ScheduleError('timezone', name, unknownZone(name));
  const stored = canonical.toLowerCase() === name.toLowerCase() ? canonical : name;
  if (resolved.size >= CACHE_LIMIT) resolved.clear();
  resolved.set(name, stored);
  return stored;
}

function processZone(): string {
  const name = canonicalName(undefined);
  if (name !== undefined) return name;
  throw new ScheduleError(
    'timezone',
    LOCAL,
    `The time zone "local" cannot be told: the process does not know its zone (TZ is ${inspectShort(process.env.TZ)}). Set TZ to an IANA name, or name the zone.`,
  );
}

/** Undefined when Intl does not know the zone; it says Etc/Unknown, or nothing, when TZ is rubbish. */
function canonicalName(timeZone: string | undefined): string | undefined {
  try {
    const name: string | undefined = new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone;
    return name === 'Etc/Unknown' ? undefined : name;
  } catch {
    return undefined;
  }
}

function unknownZone(name: unknown): string {
  const near = typeof name === 'string' ? nearestZone(name) : undefined;
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  return `${inspectShort(name)} is not a time zone.${hint} Allowed: an IANA name such as "UTC" or "Europe/Berlin", or "local".`;
}

function nearestZone(name: string): string | undefined {
  const known = [LOCAL, 'UTC', ...Intl.supportedValuesOf('timeZone')];
  // "Berlin" and "new york" are far from the full names, but exact as cities.
  const city = name.trim().replaceAll(' ', '_').toLowerCase();
  return known.find((each) => each.toLowerCase().endsWith(`/${city}`)) ?? nearestName(name, known);
}
