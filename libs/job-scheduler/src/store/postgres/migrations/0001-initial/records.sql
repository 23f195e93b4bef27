-- Executions, markers and workers. What users give is kept as text: `jsonb` refuses some strings and changes the order of
-- keys. Times are milliseconds since the epoch, by the server's clock where they are compared.
--
-- njs_write stores ends of attempts, a batch in one call, and answers per entry whether it was stored. Rows are locked in the
-- order of their ids, and rows to prune only where no other session holds them, so that batches never wait for each other in
-- a ring.
--
-- njs_record_step answers whether the step was stored.

CREATE TABLE :schema.njs_execution (
  id         text PRIMARY KEY,
  seq        bigint GENERATED ALWAYS AS IDENTITY,
  job        text NOT NULL,
  queue      text NOT NULL,
  schedule   text,
  fence      bigint NOT NULL,
  final      text,
  head       text,
  ended_at   bigint,
  expires_at bigint
);
CREATE INDEX ON :schema.njs_execution (job, ended_at DESC, seq DESC) WHERE final IS NOT NULL;
CREATE INDEX ON :schema.njs_execution (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE :schema.njs_attempt (
  execution text NOT NULL REFERENCES :schema.njs_execution ON DELETE CASCADE,
  fence     bigint NOT NULL,
  record    text NOT NULL,
  PRIMARY KEY (execution, fence)
);

CREATE TABLE :schema.njs_step (
  execution text NOT NULL REFERENCES :schema.njs_execution ON DELETE CASCADE,
  name      text NOT NULL,
  seq       bigint GENERATED ALWAYS AS IDENTITY,
  record    text NOT NULL,
  PRIMARY KEY (execution, name)
);

CREATE TABLE :schema.njs_count (
  queue     text PRIMARY KEY,
  completed bigint NOT NULL,
  failed    bigint NOT NULL
);

CREATE TABLE :schema.njs_fact (
  key   text PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE :schema.njs_worker (
  worker  text PRIMARY KEY,
  gone_at bigint NOT NULL
);

CREATE FUNCTION :schema.njs_write(
  p_ids text[], p_jobs text[], p_queues text[], p_fences bigint[], p_finals text[], p_heads text[], p_attempts text[],
  p_step_names text[], p_steps text[], p_counts bigint[], p_ages bigint[], p_ends bigint[], p_schedules text[],
  p_durations bigint[], p_buckets int[], p_errors text[]
) RETURNS boolean[] LANGUAGE plpgsql AS $body$
DECLARE
  v_now      bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_answers  boolean[] := array_fill(false, ARRAY[cardinality(p_ids)]);
  v_new      boolean[] := array_fill(false, ARRAY[cardinality(p_ids)]);
  v_known    record;
  v_job      record;
  v_last     record;
  i          int;
BEGIN
  FOR i IN SELECT n FROM generate_subscripts(p_ids, 1) AS n ORDER BY p_ids[n] COLLATE "C", n LOOP
    SELECT e.fence, e.final, e.head, e.expires_at INTO v_known FROM :schema.njs_execution e WHERE e.id = p_ids[i] FOR UPDATE;
    IF FOUND THEN
      IF v_known.expires_at <= v_now THEN
        DELETE FROM :schema.njs_execution WHERE id = p_ids[i];
      ELSIF v_known.final IS NOT NULL THEN
        -- The very same entry again: its answer was lost.
        v_answers[i] := v_known.fence = p_fences[i] AND v_known.final IS NOT DISTINCT FROM p_finals[i]
          AND v_known.head IS NOT DISTINCT FROM p_heads[i];
        CONTINUE;
      ELSIF v_known.fence > p_fences[i] THEN
        CONTINUE;
      END IF;
    END IF;

    IF p_finals[i] IS NOT NULL AND p_counts[i] = 0 THEN
      DELETE FROM :schema.njs_execution WHERE id = p_ids[i];
    ELSE
      INSERT INTO :schema.njs_execution AS e (id, job, queue, schedule, fence, final, head, ended_at, expires_at)
      VALUES (
        p_ids[i], p_jobs[i], p_queues[i], p_schedules[i], p_fences[i], p_finals[i], p_heads[i],
        CASE WHEN p_finals[i] IS NOT NULL THEN p_ends[i] END,
        CASE WHEN p_finals[i] IS NOT NULL THEN v_now + p_ages[i] END
      )
      ON CONFLICT (id) DO UPDATE SET
        job = excluded.job, queue = excluded.queue, schedule = excluded.schedule, fence = excluded.fence,
        final = excluded.final, head = excluded.head, ended_at = excluded.ended_at, expires_at = excluded.expires_at
      WHERE e.final IS NULL AND e.fence <= excluded.fence;
      CONTINUE WHEN NOT FOUND;
      IF p_attempts[i] IS NOT NULL THEN
        INSERT INTO :schema.njs_attempt AS a (execution, fence, record) VALUES (p_ids[i], p_fences[i], p_attempts[i])
        ON CONFLICT (execution, fence) DO UPDATE SET record = excluded.record;
      END IF;
      IF p_steps[i] IS NOT NULL THEN
        INSERT INTO :schema.njs_step AS s (execution, name, record) VALUES (p_ids[i], p_step_names[i], p_steps[i])
        ON CONFLICT (execution, name) DO UPDATE SET record = excluded.record;
      END IF;
    END IF;
    v_answers[i] := true;
    v_new[i] := p_finals[i] IS NOT NULL;
  END LOOP;

  INSERT INTO :schema.njs_count AS c (queue, completed, failed)
  SELECT p_queues[n], count(*) FILTER (WHERE p_finals[n] = 'completed'), count(*) FILTER (WHERE p_finals[n] = 'failed')
  FROM generate_subscripts(p_ids, 1) AS n WHERE v_new[n] AND p_finals[n] IN ('completed', 'failed')
  GROUP BY 1 ORDER BY 1
  ON CONFLICT (queue) DO UPDATE SET completed = c.completed + excluded.completed, failed = c.failed + excluded.failed;
  PERFORM :schema.njs_tally(v_new, p_jobs, p_finals, p_attempts, p_ends, p_durations, p_buckets, p_errors);

  -- Whoever comes this far has the row of its job's figures to itself: it sees what all before it have stored.
  FOR v_job IN
    SELECT p_jobs[n] AS name, (array_agg(p_counts[n] ORDER BY n DESC))[1] AS keep
    FROM generate_subscripts(p_ids, 1) AS n WHERE v_new[n] AND p_counts[n] > 0 GROUP BY 1 ORDER BY 1
  LOOP
    SELECT e.ended_at, e.seq INTO v_last FROM :schema.njs_execution e
    WHERE e.job = v_job.name AND e.final IS NOT NULL
    ORDER BY e.ended_at DESC, e.seq DESC OFFSET v_job.keep LIMIT 1;
    IF FOUND THEN
      DELETE FROM :schema.njs_execution WHERE id IN (
        SELECT e.id FROM :schema.njs_execution e
        WHERE e.job = v_job.name AND e.final IS NOT NULL AND (e.ended_at, e.seq) <= (v_last.ended_at, v_last.seq)
        ORDER BY e.ended_at DESC, e.seq DESC LIMIT 1000 FOR UPDATE SKIP LOCKED
      );
    END IF;
  END LOOP;
  DELETE FROM :schema.njs_execution WHERE id IN (
    SELECT e.id FROM :schema.njs_execution e WHERE e.expires_at <= v_now
    ORDER BY e.expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  RETURN v_answers;
END
$body$;

CREATE FUNCTION :schema.njs_record_step(p_id text, p_job text, p_queue text, p_fence bigint, p_name text, p_record text)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
  DELETE FROM :schema.njs_execution WHERE id = p_id AND expires_at <= (extract(epoch from clock_timestamp()) * 1000)::bigint;
  INSERT INTO :schema.njs_execution AS e (id, job, queue, fence) VALUES (p_id, p_job, p_queue, p_fence)
  ON CONFLICT (id) DO UPDATE SET fence = excluded.fence WHERE e.final IS NULL AND e.fence <= excluded.fence;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO :schema.njs_step AS s (execution, name, record) VALUES (p_id, p_name, p_record)
  ON CONFLICT (execution, name) DO UPDATE SET record = excluded.record;
  RETURN true;
END
$body$;
