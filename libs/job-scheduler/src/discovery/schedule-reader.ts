import type { CodeSchedule, JobDefinition } from '../definition/job-definition.js';
import type { JobOptions } from '../definition/job-options.js';
import type { Schedule } from '../cron/schedule-options.js';
import { toStorableJson } from '../common/json.js';
import type { OptionFaults } from '../common/option-faults.js';
import { parseSchedule } from '../cron/schedule.js';
import { checkSchema } from '../definition/schema.js';
import { resolveTimeZone } from '../cron/time-zone.js';
import { ScheduleError } from '../errors/definition-errors.js';
import type { Fault } from '../errors/fault.js';

/**
 * The schedules of a job, with their ids.
 * @param timezone stands where a schedule names none.
 */
export function readSchedules(
  job: string,
  declared: JobOptions['schedule'],
  timezone: string,
  maxPayload: number,
  faults: OptionFaults,
): readonly CodeSchedule[] {
  const zone = read('timezone', faults, () => resolveTimeZone(timezone));
  const list = declared === undefined ? [] : Array.isArray(declared) ? declared : [declared];
  const schedules = list.flatMap((schedule, index) => {
    const at = Array.isArray(declared) ? `schedule[${index}]` : 'schedule';
    // With a bad zone of the job's own, all else of the schedule is looked at all the same.
    const spec = read(at, faults, () => parseSchedule(schedule, zone ?? 'UTC'));
    if (!spec) return [];
    const payload = typeof schedule === 'string' ? undefined : schedule.payload;
    checkPayload(at, payload, maxPayload, faults);
    const id = index === 0 ? `code:${job}` : `code:${job}#${index + 1}`;
    return [Object.freeze({ id, spec, payload })];
  });
  return Object.freeze(schedules);
}

/** What a job's schema says against the payloads of its schedules. Apart from all else, because a schema may take its time. */
export async function findPayloadFaults({ source, schedules, schema }: JobDefinition): Promise<readonly Fault[]> {
  if (!schema) return [];
  const faults = schedules.map(async ({ spec, payload }) => {
    const answer = await checkSchema(schema, payload);
    if (answer.ok) return [];
    const issues = answer.issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
    return [{ at: source, problem: `schedule: The schema refuses the payload of "${spec.expression}": ${issues}.` }];
  });
  return (await Promise.all(faults)).flat();
}

function checkPayload(at: string, payload: Schedule['payload'], maxPayload: number, faults: OptionFaults): void {
  const stored = toStorableJson(payload);
  if (!stored.ok) return faults.add(`${at}.payload`, `It ${stored.problem}.`);
  const bytes = Buffer.byteLength(stored.json ?? '');
  if (bytes > maxPayload) faults.add(`${at}.payload`, `It has ${bytes} bytes of JSON; maxPayload is ${maxPayload}.`);
}

function read<T>(at: string, faults: OptionFaults, parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    faults.add(at, error.message);
    return undefined;
  }
}
