import { BODY, SQL_NOW } from '../../sql-names.js';
import type { SqlNames } from '../../sql-names.js';

/** Rows of a key that nobody asks for again are dropped this long after their end, in milliseconds, at most so many at once. */
const LEFT_BEHIND = 60_000;
const SWEPT = 100;

/**
 * Leases and lines of waiters. Times are milliseconds since the epoch, by the server's clock. The fence is one sequence
 * for all keys, so that no key has to be remembered for its sake; time as its start makes it larger than a count of attempts.
 */
export function locksMigration(names: SqlNames): string {
  return `
CREATE SEQUENCE ${names.lockFence};
SELECT setval('${names.lockFence}', ${SQL_NOW});

CREATE TABLE ${names.lockLease} (
  key     text NOT NULL,
  holder  text NOT NULL,
  fence   bigint NOT NULL,
  ends_at bigint NOT NULL,
  PRIMARY KEY (key, holder)
);
CREATE INDEX ON ${names.lockLease} (ends_at);

CREATE TABLE ${names.lockPlace} (
  key     text NOT NULL,
  holder  text NOT NULL,
  seq     bigint GENERATED ALWAYS AS IDENTITY,
  slots   int NOT NULL,
  ends_at bigint NOT NULL,
  PRIMARY KEY (key, holder)
);
CREATE INDEX ON ${names.lockPlace} (ends_at);
${acquireFunction(names)}
${releaseFunction(names)}
`;
}

/** One at a time for each key. */
const inTurn = (names: SqlNames) =>
  `PERFORM pg_advisory_xact_lock(hashtextextended('${names.lockLease}' || p_key, 0));`;

/**
 * Answers the fence; or none, with the time until a lease is free and the place in the line.
 * The sweep comes last, and takes only rows that nobody has: so functions for several keys never wait for each other in a ring.
 */
function acquireFunction(names: SqlNames): string {
  return `
CREATE FUNCTION ${names.lockAcquire}(p_key text, p_holder text, p_ttl bigint, p_slots int, p_line bigint)
RETURNS TABLE (fence bigint, free_in bigint, place int, holders text[]) LANGUAGE plpgsql AS ${BODY}
#variable_conflict use_column
DECLARE
  v_now   bigint;
  v_fence bigint;
  v_live  int;
  v_first bigint;
  v_ahead int;
  v_held  text[];
BEGIN
  ${inTurn(names)}
  v_now := ${SQL_NOW};
  DELETE FROM ${names.lockLease} l WHERE l.key = p_key AND l.ends_at <= v_now;
  DELETE FROM ${names.lockPlace} p WHERE p.key = p_key AND p.ends_at <= v_now;

  UPDATE ${names.lockLease} l SET ends_at = v_now + p_ttl, fence = nextval('${names.lockFence}')
  WHERE l.key = p_key AND l.holder = p_holder RETURNING l.fence INTO v_fence;
  IF v_fence IS NULL THEN
    SELECT count(*), min(l.ends_at), coalesce(array_agg(l.holder ORDER BY l.fence), '{}') INTO v_live, v_first, v_held
    FROM ${names.lockLease} l WHERE l.key = p_key;
    SELECT count(*) INTO v_ahead FROM ${names.lockPlace} p
    WHERE p.key = p_key AND p.holder <> p_holder AND p.seq < coalesce(
      (SELECT o.seq FROM ${names.lockPlace} o WHERE o.key = p_key AND o.holder = p_holder), 9223372036854775807);
    IF v_ahead < p_slots - v_live THEN
      v_fence := nextval('${names.lockFence}');
      INSERT INTO ${names.lockLease} (key, holder, fence, ends_at) VALUES (p_key, p_holder, v_fence, v_now + p_ttl);
    END IF;
  END IF;

  IF v_fence IS NULL AND p_line > 0 THEN
    INSERT INTO ${names.lockPlace} (key, holder, slots, ends_at) VALUES (p_key, p_holder, p_slots, v_now + p_line)
    ON CONFLICT (key, holder) DO UPDATE SET slots = excluded.slots, ends_at = excluded.ends_at;
  ELSE
    DELETE FROM ${names.lockPlace} p WHERE p.key = p_key AND p.holder = p_holder;
    v_ahead := -1;
  END IF;

  IF v_fence IS NOT NULL THEN
    DELETE FROM ${names.lockLease} WHERE (key, holder) IN (
      SELECT l.key, l.holder FROM ${names.lockLease} l WHERE l.ends_at <= v_now - ${LEFT_BEHIND}
      ORDER BY l.ends_at LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED
    );
    DELETE FROM ${names.lockPlace} WHERE (key, holder) IN (
      SELECT p.key, p.holder FROM ${names.lockPlace} p WHERE p.ends_at <= v_now - ${LEFT_BEHIND}
      ORDER BY p.ends_at LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED
    );
  END IF;
  RETURN QUERY SELECT v_fence, CASE WHEN v_live < p_slots THEN 0 ELSE v_first - v_now END, v_ahead, v_held;
END
${BODY};`;
}

/** Answers the first in line, as many as leases are free. */
function releaseFunction(names: SqlNames): string {
  return `
CREATE FUNCTION ${names.lockRelease}(p_key text, p_holder text, p_fence bigint) RETURNS text[] LANGUAGE plpgsql AS ${BODY}
DECLARE
  v_now  bigint;
  v_live int;
BEGIN
  ${inTurn(names)}
  v_now := ${SQL_NOW};
  DELETE FROM ${names.lockLease} l
  WHERE l.key = p_key AND (l.ends_at <= v_now OR (l.holder = p_holder AND (p_fence IS NULL OR l.fence = p_fence)));
  DELETE FROM ${names.lockPlace} p
  WHERE p.key = p_key AND (p.ends_at <= v_now OR (p.holder = p_holder AND p_fence IS NULL));
  SELECT count(*) INTO v_live FROM ${names.lockLease} l WHERE l.key = p_key;
  RETURN ARRAY(
    SELECT w.holder FROM (
      SELECT p.holder, p.slots, p.seq, row_number() OVER (ORDER BY p.seq) AS place
      FROM ${names.lockPlace} p WHERE p.key = p_key
    ) w WHERE w.place <= w.slots - v_live ORDER BY w.seq
  );
END
${BODY};`;
}
