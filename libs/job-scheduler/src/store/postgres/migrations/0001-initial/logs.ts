import { ANSWER_KEPT, LINES_PER_EXECUTION, SAME_RUN } from '../../../ports/log-store.js';
import { BODY, SQL_NOW } from '../../sql-names.js';
import type { SqlNames } from '../../sql-names.js';

/** Entries beyond their time are dropped by others that come, at most so many at once. */
const SWEPT = 1_000;

/**
 * Log lines, and the ends of executions among them. `seq` counts the entries of a job: its row in the second table is
 * locked while they are written, so that whoever sees an entry sees all before it, too.
 */
export function logsMigration(names: SqlNames): string {
  return `
CREATE TABLE ${names.log} (
  job        text NOT NULL,
  seq        bigint NOT NULL,
  execution  text NOT NULL,
  schedule   text,
  number     bigint NOT NULL,
  record     text NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (job, seq)
);
CREATE INDEX ON ${names.log} (execution, number, seq);
CREATE INDEX ON ${names.log} (expires_at);

CREATE TABLE ${names.logJob} (
  job text PRIMARY KEY,
  seq bigint NOT NULL
);

CREATE TABLE ${names.logWriter} (
  writer  text PRIMARY KEY,
  batch   bigint NOT NULL,
  seqs    bigint[],
  numbers bigint[],
  seen_at bigint NOT NULL
);
${appendFunction(names)}
${pruneTrigger(names)}
`;
}

/** Answers the places of the entries, in their order. A batch that is sent again changes nothing. */
function appendFunction(names: SqlNames): string {
  return `
CREATE FUNCTION ${names.appendLogs}(
  p_writer text, p_batch bigint,
  p_ids text[], p_jobs text[], p_schedules text[], p_lines boolean[], p_records text[], p_keeps bigint[]
) RETURNS TABLE (seqs bigint[], numbers bigint[]) LANGUAGE plpgsql AS ${BODY}
#variable_conflict use_column
DECLARE
  v_now     bigint := ${SQL_NOW};
  v_seqs    bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_ids)]);
  v_numbers bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_ids)]);
  v_last    record;
  v_job     record;
  v_entry   record;
  v_first   bigint;
BEGIN
  INSERT INTO ${names.logWriter} AS w (writer, batch, seen_at) VALUES (p_writer, -1, v_now)
  ON CONFLICT (writer) DO UPDATE SET seen_at = excluded.seen_at
  RETURNING w.batch, w.seqs, w.numbers INTO v_last;
  IF v_last.batch = p_batch THEN
    RETURN QUERY SELECT v_last.seqs, v_last.numbers;
    RETURN;
  END IF;

  -- In the order of their names, so that two calls never wait for each other in a ring.
  FOR v_job IN
    SELECT p.name, count(*) AS entries FROM unnest(p_jobs) AS p (name) GROUP BY p.name ORDER BY p.name COLLATE "C"
  LOOP
    INSERT INTO ${names.logJob} AS j (job, seq) VALUES (v_job.name, v_job.entries)
    ON CONFLICT (job) DO UPDATE SET seq = j.seq + excluded.seq
    RETURNING j.seq - v_job.entries INTO v_first;
    FOR v_entry IN
      SELECT e.n, row_number() OVER (ORDER BY e.n) AS place,
        coalesce((SELECT o.number FROM ${names.log} o WHERE o.execution = e.id ORDER BY o.number DESC LIMIT 1), 0)
          + count(*) FILTER (WHERE e.is_line) OVER (PARTITION BY e.id ORDER BY e.n) AS number
      FROM unnest(p_ids, p_jobs, p_lines) WITH ORDINALITY AS e (id, job, is_line, n)
      WHERE e.job = v_job.name
    LOOP
      v_seqs[v_entry.n] := v_first + v_entry.place;
      v_numbers[v_entry.n] := v_entry.number;
    END LOOP;
  END LOOP;
  INSERT INTO ${names.log} (job, seq, execution, schedule, number, record, expires_at)
  SELECT e.job, e.seq, e.id, e.schedule, e.number, e.record, v_now + e.keep
  FROM unnest(p_jobs, v_seqs, p_ids, p_schedules, v_numbers, p_records, p_keeps)
    AS e (job, seq, id, schedule, number, record, keep)
  -- An end whose lines have gone, since its record has been pruned already, would stay behind.
  WHERE e.number > 0;

  DELETE FROM ${names.log} l
  USING (SELECT DISTINCT p.id FROM unnest(p_ids) AS p (id)) AS t,
    LATERAL (SELECT o.number FROM ${names.log} o WHERE o.execution = t.id ORDER BY o.number DESC LIMIT 1) AS newest
  WHERE l.execution = t.id AND l.number <= newest.number - ${LINES_PER_EXECUTION};
  DELETE FROM ${names.log} WHERE (job, seq) IN (
    SELECT l.job, l.seq FROM ${names.log} l WHERE l.expires_at <= v_now
    ORDER BY l.expires_at LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED
  );
  DELETE FROM ${names.logWriter} WHERE writer IN (
    SELECT w.writer FROM ${names.logWriter} w WHERE w.seen_at <= v_now - ${ANSWER_KEPT}
    LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED
  );
  UPDATE ${names.logWriter} SET batch = p_batch, seqs = v_seqs, numbers = v_numbers WHERE writer = p_writer;
  RETURN QUERY SELECT v_seqs, v_numbers;
END
${BODY};`;
}

/** Whatever drops records drops their lines. An id that is used again may have new ones already: those stay. */
function pruneTrigger(names: SqlNames): string {
  return `
CREATE FUNCTION ${names.pruneLogs}() RETURNS trigger LANGUAGE plpgsql AS ${BODY}
BEGIN
  DELETE FROM ${names.log} l USING gone g
  WHERE l.execution = g.id AND (g.expires_at IS NULL OR l.expires_at <= g.expires_at + ${SAME_RUN});
  RETURN NULL;
END
${BODY};
CREATE TRIGGER njs_prune_logs AFTER DELETE ON ${names.execution} REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION ${names.pruneLogs}();`;
}
