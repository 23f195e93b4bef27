import type { SqlNames } from '../sql-names.js';
import * as sql from './sql.generated.js';

/** The parts of each version, the first of which is 1. Later parts use what earlier ones have made. */
const VERSIONS: readonly (readonly string[])[] = [
  [sql.recordsSql, sql.schedulesSql, sql.locksSql, sql.historySql, sql.logsSql, sql.addWithinSql],
];

/** Around the body of a function. Longer than any prefix, so that no name of a schema in it ends it: `a-body-b` is `a$body$b`. */
const BODY = `$njs_${'body'.repeat(10)}$`;

/** The SQL of each migration. What has been published is never changed, see `migrations.spec.ts`: add another. */
export const MIGRATIONS: readonly ((names: SqlNames) => string)[] = VERSIONS.map(
  (parts) => (names) =>
    `\n${parts.join('\n\n').trimEnd()}`.replace(/:schema_name\b|:schema\b|\$body\$/g, (placeholder) => {
      if (placeholder === '$body$') return BODY;
      return placeholder === ':schema' ? names.schema : names.plainSchema;
    }),
);
