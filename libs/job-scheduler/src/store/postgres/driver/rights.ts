import type { SqlDriver } from './sql-driver.js';

/** SQLSTATE insufficient_privilege. */
export const NO_RIGHT = '42501';

interface Missing {
  readonly role: string;
  readonly database: string;
  /** Whether the schema is there. */
  readonly there: boolean;
  readonly names: string[] | null;
}

/**
 * A role that did not make the tables may lack rights to some of them: better told now than with the first job.
 * @throws an error with PostgreSQL's code for it
 */
export async function checkRights(driver: SqlDriver, schema: string): Promise<void> {
  const { role, names } = await missingRights(driver, schema);
  if (!names) return;
  const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}`;
  throw Object.assign(new Error(`"${role}" lacks rights to ${shown} in the schema "${schema}"`), { code: NO_RIGHT });
}

/** What gives a role the rights that it lacks. */
export async function remedyFor(driver: SqlDriver, schema: string): Promise<string> {
  try {
    const { role, database, there } = await missingRights(driver, schema);
    return there
      ? `Let the role that owns the schema boot once, which brings it up to date, and give this one its rights: ${grants(schema, role)} Or give it the schema: ALTER SCHEMA "${schema}" OWNER TO "${role}";`
      : `Make the schema for this role: CREATE SCHEMA "${schema}" AUTHORIZATION "${role}"; or let it make schemas: GRANT CREATE ON DATABASE "${database}" TO "${role}";`;
  } catch {
    return `The role must own the schema "${schema}", or be allowed to make schemas.`;
  }
}

/** The rights of a role that finds the schema up to date. */
function grants(schema: string, role: string): string {
  const on = (what: string) => `ON ALL ${what} IN SCHEMA "${schema}" TO "${role}";`;
  return [
    `GRANT USAGE ON SCHEMA "${schema}" TO "${role}";`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ${on('TABLES')}`,
    `GRANT USAGE ${on('SEQUENCES')}`,
    `GRANT EXECUTE ${on('FUNCTIONS')}`,
  ].join(' ');
}

async function missingRights(driver: SqlDriver, schema: string): Promise<Missing> {
  const { rows } = await driver.query<Missing>(
    `SELECT current_user AS role, current_database() AS database,
            EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS there,
            (SELECT array_agg(name ORDER BY name) FROM (
               SELECT relname::text AS name FROM pg_class
                WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
                  AND CASE relkind
                        WHEN 'r' THEN NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
                                           AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
                        WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE')
                        ELSE false
                      END
               UNION ALL
               SELECT proname::text FROM pg_proc
                WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
                  AND NOT has_function_privilege(oid, 'EXECUTE')) AS lacking) AS names`,
    [schema],
  );
  return rows[0]!;
}
