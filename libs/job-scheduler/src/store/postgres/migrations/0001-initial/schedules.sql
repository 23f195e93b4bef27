-- Schedules, their last fires, and which version of the code declares which. What users give is kept as text.

CREATE TABLE :schema.njs_schedule (
  id        text PRIMARY KEY,
  version   bigint NOT NULL,
  record    text NOT NULL,
  last_fire bigint
);

CREATE TABLE :schema.njs_declaration (
  version   text PRIMARY KEY,
  ids       text NOT NULL,
  booted_at bigint NOT NULL,
  seen_at   bigint NOT NULL
);

-- Answers the places of the entries that were stored. Rows are locked in the order of their ids, so that two calls
-- never wait for each other in a ring.
CREATE FUNCTION :schema.njs_put_schedules(p_ids text[], p_expected bigint[], p_records text[])
RETURNS TABLE (place bigint, version bigint, last_fire bigint) LANGUAGE plpgsql AS $body$
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
        INSERT INTO :schema.njs_schedule AS s (id, version, record) VALUES (v_entry.id, 1, v_entry.record)
        ON CONFLICT (id) DO UPDATE SET version = s.version + 1, record = excluded.record
        WHERE v_entry.expected IS NULL
        RETURNING v_entry.n, s.version, s.last_fire;
    ELSE
      RETURN QUERY
        UPDATE :schema.njs_schedule AS s SET version = s.version + 1, record = v_entry.record
        WHERE s.id = v_entry.id AND s.version = v_entry.expected
        RETURNING v_entry.n, s.version, s.last_fire;
    END IF;
  END LOOP;
END
$body$;
