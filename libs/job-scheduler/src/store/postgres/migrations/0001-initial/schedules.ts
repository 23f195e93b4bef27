import { BODY, type SqlNames } from '../../sql-names.js';

/** Schedules, their last fires, and which version of the code declares which. What users give is kept as text. */
export function schedulesMigration(names: SqlNames): string {
  return `
CREATE TABLE ${names.schedule} (
  id        text PRIMARY KEY,
  version   bigint NOT NULL,
  record    text NOT NULL,
  last_fire bigint
);

CREATE TABLE ${names.declaration} (
  version   text PRIMARY KEY,
  ids       text NOT NULL,
  booted_at bigint NOT NULL,
  seen_at   bigint NOT NULL
);

-- Answers the places of the entries that were stored. Rows are locked in the order of their ids, so that two calls
-- never wait for each other in a ring.
CREATE FUNCTION ${names.putSchedules}(p_ids text[], p_expected bigint[], p_records text[])
RETURNS TABLE (place bigint, version bigint, last_fire bigint) LANGUAGE plpgsql AS ${BODY}
#variable_conflict use_column
DECLARE
  v_entry record;
BEGIN
  FOR v_entry IN
    SELECT e.id, e.expected, e.record, e.n
    FROM unnest(p_ids, p_expected, p_records) WITH ORDINALITY AS e (id, expected, record, n)
    ORDER BY e.id COLLATE "C", e.n
  LOOP
    IF coalesce(v_entry.expected, 0) = 0 THEN
      RETURN QUERY
        INSERT INTO ${names.schedule} AS s (id, version, record) VALUES (v_entry.id, 1, v_entry.record)
        ON CONFLICT (id) DO UPDATE SET version = s.version + 1, record = excluded.record
        WHERE v_entry.expected IS NULL
        RETURNING v_entry.n, s.version, s.last_fire;
    ELSE
      RETURN QUERY
        UPDATE ${names.schedule} AS s SET version = s.version + 1, record = v_entry.record
        WHERE s.id = v_entry.id AND s.version = v_entry.expected
        RETURNING v_entry.n, s.version, s.last_fire;
    END IF;
  END LOOP;
END
${BODY};
`;
}
