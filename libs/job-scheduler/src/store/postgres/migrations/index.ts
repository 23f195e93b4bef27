import type { SqlNames } from '../sql-names.js';
import { initialMigration } from './0001-initial/index.js';

/** In order: the first is version 1. What has been published is never changed, see `migrations.spec.ts`: add another. */
export const MIGRATIONS: readonly ((names: SqlNames) => string)[] = [initialMigration];
