import { types } from 'node:util';
import type { JobDefinition } from '../../definition/job-definition.js';
import { MISFIRES, MOST_CATCH_UP, OVERLAPS } from '../../definition/job-options.js';
import type { JobRef } from '../../definition/job-ref.js';
import { OptionFaults } from '../../common/option-faults.js';
import type { ScheduleSpec } from '../../cron/schedule-spec.js';
import { dateProblem, parseSchedule } from '../../cron/schedule.js';
import { inspectShort } from '../../common/inspect-short.js';
import { isStorableText, UNSTORABLE_RULE } from '../../common/storable-text.js';
import { resolveTimeZone } from '../../cron/time-zone.js';
import { isName, NAME_RULE } from '../../discovery/option-shapes.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { JobSchedulerError } from '../../errors/job-scheduler-error.js';
import { PayloadInvalidError } from '../../errors/payload-errors.js';
import { ScheduleInputError, type ScheduleIssue } from '../../errors/schedule-errors.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { CheckedSchedule } from './schedule-data.js';
import { endsBeforeStart, neverFires, storedSpec } from './schedule-fires.js';
import type { ScheduleData } from '../../store/ports/schedule-store.js';
import { isPathPart } from '../../jobs/execution-id.js';
import { isMetadata, METADATA_RULE } from '../../jobs/enqueue/check-enqueue-options.js';
import { checkPayload } from '../../jobs/enqueue/check-payload.js';

const TIMINGS = ['schedule', 'cron', 'every'] as const;
const OPTIONAL = [
  'misfire',
  'misfireThreshold',
  'maxCatchUp',
  'overlap',
  'description',
  'name',
  'group',
  'metadata',
] as const;
const COMMON = ['job', ...TIMINGS, 'timezone', 'payload', 'enabled', 'start', 'end', ...OPTIONAL];
/** What code declares starts so. */
const CODE = 'code:';
const LONGEST_NAME = 1_024;

type Fields = Readonly<Record<string, unknown>>;

/** Against what a schedule is checked. */
export interface ScheduleRules {
  readonly registry: JobRegistry;
  /** For a schedule that names none. */
  readonly timezone: string;
  /** Bytes. */
  readonly maxPayload: number;
  /** A schedule that does not fire after this is refused. Milliseconds since the epoch. */
  readonly now: number;
}

/** Reads what a schedule becomes, and collects all that is wrong with it. */
export class ScheduleInputCheck {
  private readonly issues: ScheduleIssue[] = [];
  private readonly checked: CheckedSchedule = {};
  private definition: JobDefinition | undefined;

  constructor(
    private readonly rules: ScheduleRules,
    private readonly input: Fields,
    /** The schedule as it is stored; undefined for a new one. */
    private readonly stored: ScheduleData | undefined,
  ) {}

  /** @throws ScheduleInputError with all issues. */
  async read(): Promise<CheckedSchedule> {
    this.checkNames();
    this.readId();
    this.readJob();
    const spec = this.readTiming();
    this.readSettings();
    await this.readPayload();
    if (this.issues.length > 0) throw new ScheduleInputError(this.issues);
    return spec ? { ...this.checked, spec } : this.checked;
  }

  private checkNames(): void {
    this.collect((faults) => faults.object('', this.input, [...COMMON, this.stored ? 'expectedVersion' : 'id']));
  }

  private readId(): void {
    const { id } = this.input;
    if (this.stored || id === undefined) return;
    if (!isName(id) || isPathPart(id)) this.add('id', `${inspectShort(id)} is not an id. ${NAME_RULE}`);
    else if (id.startsWith(CODE))
      this.add(
        'id',
        `${inspectShort(id)} is kept for schedules that code declares. Allowed: an id that does not start with "${CODE}".`,
      );
    else this.checked.id = id;
  }

  private readJob(): void {
    const { job } = this.input;
    if (job === undefined && this.stored) return;
    try {
      this.definition = this.rules.registry.require(job as JobRef).definition;
      this.checked.job = this.definition.name;
    } catch (error) {
      this.addThrown('job', error);
    }
  }

  private readTiming(): ScheduleSpec | undefined {
    const { input, stored } = this;
    const given = TIMINGS.filter((field) => input[field] !== undefined);
    if (given.length > 1 || (given.length === 0 && !stored)) {
      const has = given.length === 0 ? 'has none of them' : `has ${given.join(' and ')}`;
      this.add(given[1] ?? 'schedule', `A schedule needs one of ${TIMINGS.join(', ')}; this one ${has}.`);
    }
    const timezone = this.readZone();
    const bounds = { start: this.readDate('start'), end: this.readDate('end') };
    const turned = endsBeforeStart(bounds);
    if (turned) this.add(input['end'] ? 'end' : 'start', turned);
    const plain = given.length === 1 ? this.readExpression(given[0]!) : undefined;
    if (plain) this.checked.expression = plain.expression;
    const expression = plain ?? (stored && given.length === 0 ? storedSpec(stored) : undefined);
    if (!expression || timezone === undefined) return undefined;
    const spec = { ...expression, timezone, ...bounds };
    const problem = given.length > 0 || input['start'] || input['end'] ? neverFires(spec, this.rules.now) : undefined;
    if (problem) this.add(input['end'] ? 'end' : 'schedule', problem);
    return spec;
  }

  private readZone(): string | undefined {
    const { input, stored, rules } = this;
    if (input['timezone'] === undefined && stored) return stored.timezone;
    const given = input['timezone'];
    const isDefault = given === undefined || (given === null && stored !== undefined);
    const zone = this.attempt('timezone', () => resolveTimeZone((isDefault ? rules.timezone : given) as string));
    if (zone !== undefined) this.checked.timezone = zone;
    return zone;
  }

  private readExpression(field: (typeof TIMINGS)[number]): ScheduleSpec | undefined {
    const value = this.input[field];
    if (field === 'every') return this.attempt(field, () => parseSchedule({ every: value as number }, 'UTC'));
    if (typeof value === 'string') return this.attempt(field, () => parseSchedule(value, 'UTC'));
    const allowed =
      field === 'cron' ? 'a cron expression such as "0 2 * * *"' : 'a text such as "0 2 * * *" or "every 15m"';
    this.add(field, `${inspectShort(value)} is not a text. Allowed: ${allowed}.`);
    return undefined;
  }

  private readDate(field: 'start' | 'end'): number | undefined {
    const value = this.input[field];
    if (value === undefined) return this.stored?.[field];
    if (value === null && this.stored) {
      this.checked[field] = undefined;
      return undefined;
    }
    const time = types.isDate(value) ? value.getTime() : Number.NaN;
    const problem = dateProblem(time, value);
    if (!problem) return (this.checked[field] = time);
    this.add(field, problem);
    return undefined;
  }

  private readSettings(): void {
    const { input, checked } = this;
    this.collect((faults) => {
      if (input['enabled'] !== undefined || !this.stored)
        checked.enabled = faults.boolean('enabled', input['enabled'], true);
      if (this.has('misfire')) checked.misfire = faults.oneOf('misfire', input['misfire'], 'skip', MISFIRES);
      if (this.has('misfireThreshold'))
        checked.misfireThreshold = faults.duration('misfireThreshold', input['misfireThreshold'], 0);
      if (this.has('maxCatchUp'))
        checked.maxCatchUp = faults.integer('maxCatchUp', input['maxCatchUp'], 1, 1, MOST_CATCH_UP);
      if (this.has('overlap')) checked.overlap = faults.oneOf('overlap', input['overlap'], 'allow', OVERLAPS);
    });
    const { metadata } = input;
    this.readText('description', 0, Infinity);
    this.readText('name', 1, LONGEST_NAME);
    this.readText('group', 1, LONGEST_NAME);
    if (this.has('metadata')) {
      if (isMetadata(metadata)) checked.metadata = metadata;
      else this.add('metadata', `${inspectShort(metadata)} is not allowed. Allowed: ${METADATA_RULE}.`);
    }
  }

  private readText(field: 'name' | 'group' | 'description', least: number, most: number): void {
    if (!this.has(field)) return;
    const value = this.input[field];
    const isText = typeof value === 'string' && value.length >= least && value.length <= most;
    if (isText && isStorableText(value)) this.checked[field] = value;
    else {
      const [what, length] = most === Infinity ? ['text', ''] : [field, ` of ${least} to ${most} characters`];
      this.add(field, `${inspectShort(value)} is not a ${what}. Allowed: a text${length}, ${UNSTORABLE_RULE}.`);
    }
  }

  /** Whether an optional field is set; takes it away where it is null. */
  private has(field: (typeof OPTIONAL)[number]): boolean {
    const value = this.input[field];
    if (value === null && this.stored) {
      this.checked[field] = undefined;
      return false;
    }
    return value !== undefined;
  }

  /** Also that of the schedule as it is, when it is to run another job. */
  private async readPayload(): Promise<void> {
    const { input, stored, definition, rules } = this;
    const isGiven = Object.hasOwn(input, 'payload') && !(stored && input['payload'] === undefined);
    if (stored && !isGiven && !definition) return;
    const payload = isGiven ? input['payload'] : stored?.payload;
    const job = definition ?? (stored && rules.registry.find(stored.job)?.definition);
    try {
      const name = job?.name ?? stored?.job ?? inspectShort(input['job']);
      const { value } = await checkPayload(name, payload, job?.schema, rules.maxPayload);
      if (isGiven) this.checked.payload = value;
    } catch (error) {
      this.addThrown('payload', error, payload);
    }
  }

  private attempt<T>(field: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.addThrown(field, error);
      return undefined;
    }
  }

  private collect(read: (faults: OptionFaults) => void): void {
    const faults = new OptionFaults();
    read(faults);
    for (const { at, problem } of faults.list) this.add(at, problem);
  }

  private addThrown(field: string, error: unknown, value?: unknown): void {
    if (!(error instanceof JobSchedulerError)) throw error;
    const parts = error instanceof PayloadInvalidError ? error.issues : [];
    this.add(field, error.message, error.code, value, parts);
  }

  private add(
    field: string,
    message: string,
    code: ErrorCode = 'SCHEDULE_INVALID',
    value?: unknown,
    parts: NonNullable<ScheduleIssue['parts']> = [],
  ): void {
    const issue = { field, value: value ?? this.input[field], message, code };
    this.issues.push(parts.length > 0 ? { ...issue, parts } : issue);
  }
}
