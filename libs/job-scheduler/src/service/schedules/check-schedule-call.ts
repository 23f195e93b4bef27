import { isFields, optionsProblem } from '../../common/options-problem.js';
import { inspectShort } from '../../common/inspect-short.js';
import { ScheduleInputError } from '../../errors/schedule-errors.js';
import type { ScheduleCondition, ScheduleFilter } from './schedule-input.js';

const FILTER = ['job', 'source', 'enabled'];
const CONDITION = ['expectedVersion'];

/** `job` is checked where it is looked up. @throws ScheduleInputError */
export function checkScheduleFilter(filter: ScheduleFilter): void {
  checkNames('filter', filter, FILTER);
  const { source, enabled } = filter;
  if (source !== undefined && source !== 'code' && source !== 'api')
    refuse('source', source, `${inspectShort(source)} is not allowed. Allowed: "code" or "api".`);
  if (enabled !== undefined && typeof enabled !== 'boolean')
    refuse('enabled', enabled, `${inspectShort(enabled)} is not allowed. Allowed: true or false.`);
}

/** What is to be made, or changed. Its fields are checked against the job and what is stored. @throws ScheduleInputError */
export function checkScheduleInput(input: unknown): void {
  if (!isFields(input)) refuse('input', input, `${inspectShort(input)} is not an object.`);
}

/** @returns the version. @throws ScheduleInputError */
export function checkScheduleCondition(condition: ScheduleCondition): number | undefined {
  checkNames('condition', condition, CONDITION);
  return expectedVersion(condition);
}

/** @throws ScheduleInputError */
export function expectedVersion({ expectedVersion: expected }: ScheduleCondition): number | undefined {
  if (expected === undefined || (Number.isInteger(expected) && expected > 0)) return expected;
  return refuse(
    'expectedVersion',
    expected,
    `${inspectShort(expected)} is not a version. Allowed: the version of the schedule as it was read.`,
  );
}

function checkNames(what: string, value: unknown, known: readonly string[]): void {
  const found = optionsProblem(value, known);
  if (found) refuse(found.name ?? what, value, found.problem);
}

function refuse(field: string, value: unknown, message: string): never {
  throw new ScheduleInputError([{ field, value, message, code: 'SCHEDULE_INVALID' }]);
}
