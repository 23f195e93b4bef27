import type { SqlNames } from '../../sql-names.js';
import { addWithinMigration } from './add-within.js';
import { historyMigration } from './history.js';
import { locksMigration } from './locks.js';
import { logsMigration } from './logs.js';
import { recordsMigration } from './records.js';
import { schedulesMigration } from './schedules.js';

/** All tables and functions of the first version. Later parts use what earlier ones have made. */
export function initialMigration(names: SqlNames): string {
  return [
    recordsMigration(names),
    schedulesMigration(names),
    locksMigration(names),
    historyMigration(names),
    logsMigration(names),
    addWithinMigration(names),
  ].join('\n');
}
