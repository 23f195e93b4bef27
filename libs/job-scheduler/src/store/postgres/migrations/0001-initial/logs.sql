-- Log lines, and the ends of executions among them. `seq` counts the entries of a job: its row in the second table is locked
-- while they are written, so that a reader who sees an entry sees all before it, too.
--
-- njs_append_logs answers the places of the entries, in their order. A batch that is sent again changes nothing.
--
-- njs_prune_logs: with the records of executions go their lines. An id that is used again may have new ones already: those
-- stay.

CREATE TABLE :schema.njs_log (
  job        text NOT NULL,
  seq        bigint NOT NULL,
  execution  text NOT NULL,
  schedule   text,
  number     bigint NOT NULL,
  record     text NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (job, seq)
);
CREATE INDEX ON :schema.njs_log (execution, number, seq);
CREATE INDEX ON :schema.njs_log (expires_at);

CREATE TABLE :schema.njs_log_job (
  job text PRIMARY KEY,
  seq bigint NOT NULL
);

CREATE TABLE :schema.njs_log_writer (
  writer  text PRIMARY KEY,
  batch   bigint NOT NULL,
  seqs    bigint[],
  numbers bigint[],
  seen_at bigint NOT NULL
);

CREATE FUNCTION :schema.njs_append_logs(
  p_writer text, p_batch bigint,
  p_ids text[], p_jobs text[], p_schedules text[], p_lines boolean[], p_records text[], p_keeps bigint[]
) RETURNS TABLE (seqs bigint[], numbers bigint[]) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  v_now     bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_seqs    bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_ids)]);
  v_numbers bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_ids)]);
  v_last    record;
  v_job     record;
  v_entry   record;
  v_first   bigint;
BEGIN
  INSERT INTO :schema.njs_log_writer AS w (writer, batch, seen_at) VALUES (p_writer, -1, v_now)
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
    INSERT INTO :schema.njs_log_job AS j (job, seq) VALUES (v_job.name, v_job.entries)
    ON CONFLICT (job) DO UPDATE SET seq = j.seq + excluded.seq
    RETURNING j.seq - v_job.entries INTO v_first;
    FOR v_entry IN
      SELECT e.n, row_number() OVER (ORDER BY e.n) AS place,
        coalesce((SELECT o.number FROM :schema.njs_log o WHERE o.execution = e.id ORDER BY o.number DESC LIMIT 1), 0)
          + count(*) FILTER (WHERE e.is_line) OVER (PARTITION BY e.id ORDER BY e.n) AS number
      FROM unnest(p_ids, p_jobs, p_lines) WITH ORDINALITY AS e (id, job, is_line, n)
      WHERE e.job = v_job.name
    LOOP
      v_seqs[v_entry.n] := v_first + v_entry.place;
      v_numbers[v_entry.n] := v_entry.number;
    END LOOP;
  END LOOP;
  INSERT INTO :schema.njs_log (job, seq, execution, schedule, number, record, expires_at)
  SELECT e.job, e.seq, e.id, e.schedule, e.number, e.record, v_now + e.keep
  FROM unnest(p_jobs, v_seqs, p_ids, p_schedules, v_numbers, p_records, p_keeps)
    AS e (job, seq, id, schedule, number, record, keep)
  -- An end whose lines have gone, since its record has been pruned already, would stay behind.
  WHERE e.number > 0;

  DELETE FROM :schema.njs_log l
  USING (SELECT DISTINCT p.id FROM unnest(p_ids) AS p (id)) AS t,
    LATERAL (SELECT o.number FROM :schema.njs_log o WHERE o.execution = t.id ORDER BY o.number DESC LIMIT 1) AS newest
  WHERE l.execution = t.id AND l.number <= newest.number - 1000;
  DELETE FROM :schema.njs_log WHERE (job, seq) IN (
    SELECT l.job, l.seq FROM :schema.njs_log l WHERE l.expires_at <= v_now
    ORDER BY l.expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  DELETE FROM :schema.njs_log_writer WHERE writer IN (
    SELECT w.writer FROM :schema.njs_log_writer w WHERE w.seen_at <= v_now - 600000
    LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  UPDATE :schema.njs_log_writer SET batch = p_batch, seqs = v_seqs, numbers = v_numbers WHERE writer = p_writer;
  RETURN QUERY SELECT v_seqs, v_numbers;
END
$body$;

CREATE FUNCTION :schema.njs_prune_logs() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  DELETE FROM :schema.njs_log l USING gone g
  WHERE l.execution = g.id AND (g.expires_at IS NULL OR l.expires_at <= g.expires_at + 90000000);
  RETURN NULL;
END
$body$;
CREATE TRIGGER njs_prune_logs AFTER DELETE ON :schema.njs_execution REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION :schema.njs_prune_logs();
