-- Leases and lines of waiters. Times are milliseconds since the epoch, by the server's clock. The fence is one sequence for all
-- keys, so that none has to be remembered for each; its start is the time, so that it is larger than a count of attempts.
--
-- njs_lock_acquire answers the fence; or none, with the time until a lease is free and the place in the line. It also sweeps
-- rows of keys that are never asked for again: last, and only rows that no other session holds, so that functions for several
-- keys never wait for each other in a ring.
--
-- njs_lock_release answers the first in line, as many as leases are free.

CREATE SEQUENCE :schema.njs_lock_fence;
SELECT setval(':schema.njs_lock_fence', (extract(epoch from clock_timestamp()) * 1000)::bigint);

CREATE TABLE :schema.njs_lock_lease (
  key     text NOT NULL,
  holder  text NOT NULL,
  fence   bigint NOT NULL,
  ends_at bigint NOT NULL,
  PRIMARY KEY (key, holder)
);
CREATE INDEX ON :schema.njs_lock_lease (ends_at);

CREATE TABLE :schema.njs_lock_place (
  key     text NOT NULL,
  holder  text NOT NULL,
  seq     bigint GENERATED ALWAYS AS IDENTITY,
  slots   int NOT NULL,
  ends_at bigint NOT NULL,
  PRIMARY KEY (key, holder)
);
CREATE INDEX ON :schema.njs_lock_place (ends_at);

CREATE FUNCTION :schema.njs_lock_acquire(p_key text, p_holder text, p_ttl bigint, p_slots int, p_line bigint)
RETURNS TABLE (fence bigint, free_in bigint, place int, holders text[]) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  v_now   bigint;
  v_fence bigint;
  v_live  int;
  v_first bigint;
  v_ahead int;
  v_held  text[];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(':schema.njs_lock_lease' || p_key, 0));
  v_now := (extract(epoch from clock_timestamp()) * 1000)::bigint;
  DELETE FROM :schema.njs_lock_lease l WHERE l.key = p_key AND l.ends_at <= v_now;
  DELETE FROM :schema.njs_lock_place p WHERE p.key = p_key AND p.ends_at <= v_now;

  UPDATE :schema.njs_lock_lease l SET ends_at = v_now + p_ttl, fence = nextval(':schema.njs_lock_fence')
  WHERE l.key = p_key AND l.holder = p_holder RETURNING l.fence INTO v_fence;
  IF v_fence IS NULL THEN
    SELECT count(*), min(l.ends_at), coalesce(array_agg(l.holder ORDER BY l.fence), '{}') INTO v_live, v_first, v_held
    FROM :schema.njs_lock_lease l WHERE l.key = p_key;
    SELECT count(*) INTO v_ahead FROM :schema.njs_lock_place p
    WHERE p.key = p_key AND p.holder <> p_holder AND p.seq < coalesce(
      (SELECT o.seq FROM :schema.njs_lock_place o WHERE o.key = p_key AND o.holder = p_holder), 9223372036854775807);
    IF v_ahead < p_slots - v_live THEN
      v_fence := nextval(':schema.njs_lock_fence');
      INSERT INTO :schema.njs_lock_lease (key, holder, fence, ends_at) VALUES (p_key, p_holder, v_fence, v_now + p_ttl);
    END IF;
  END IF;

  IF v_fence IS NULL AND p_line > 0 THEN
    INSERT INTO :schema.njs_lock_place (key, holder, slots, ends_at) VALUES (p_key, p_holder, p_slots, v_now + p_line)
    ON CONFLICT (key, holder) DO UPDATE SET slots = excluded.slots, ends_at = excluded.ends_at;
  ELSE
    DELETE FROM :schema.njs_lock_place p WHERE p.key = p_key AND p.holder = p_holder;
    v_ahead := -1;
  END IF;

  IF v_fence IS NOT NULL THEN
    DELETE FROM :schema.njs_lock_lease WHERE (key, holder) IN (
      SELECT l.key, l.holder FROM :schema.njs_lock_lease l WHERE l.ends_at <= v_now - 60000
      ORDER BY l.ends_at LIMIT 100 FOR UPDATE SKIP LOCKED
    );
    DELETE FROM :schema.njs_lock_place WHERE (key, holder) IN (
      SELECT p.key, p.holder FROM :schema.njs_lock_place p WHERE p.ends_at <= v_now - 60000
      ORDER BY p.ends_at LIMIT 100 FOR UPDATE SKIP LOCKED
    );
  END IF;
  RETURN QUERY SELECT v_fence, CASE WHEN v_live < p_slots THEN 0 ELSE v_first - v_now END, v_ahead, v_held;
END
$body$;

CREATE FUNCTION :schema.njs_lock_release(p_key text, p_holder text, p_fence bigint) RETURNS text[] LANGUAGE plpgsql AS $body$
DECLARE
  v_now  bigint;
  v_live int;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(':schema.njs_lock_lease' || p_key, 0));
  v_now := (extract(epoch from clock_timestamp()) * 1000)::bigint;
  DELETE FROM :schema.njs_lock_lease l
  WHERE l.key = p_key AND (l.ends_at <= v_now OR (l.holder = p_holder AND (p_fence IS NULL OR l.fence = p_fence)));
  DELETE FROM :schema.njs_lock_place p
  WHERE p.key = p_key AND (p.ends_at <= v_now OR (p.holder = p_holder AND p_fence IS NULL));
  SELECT count(*) INTO v_live FROM :schema.njs_lock_lease l WHERE l.key = p_key;
  RETURN ARRAY(
    SELECT w.holder FROM (
      SELECT p.holder, p.slots, p.seq, row_number() OVER (ORDER BY p.seq) AS place
      FROM :schema.njs_lock_place p WHERE p.key = p_key
    ) w WHERE w.place <= w.slots - v_live ORDER BY w.seq
  );
END
$body$;
