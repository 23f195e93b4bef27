-- What lists and figures of ended executions need. Most complete: those that did not have an index of their own, which the
-- others pay nothing for.

CREATE INDEX ON :schema.njs_execution (ended_at DESC, seq DESC) WHERE final IS NOT NULL;
CREATE INDEX ON :schema.njs_execution (schedule, ended_at DESC, seq DESC) WHERE final IS NOT NULL AND schedule IS NOT NULL;
CREATE INDEX ON :schema.njs_execution (job, ended_at DESC, seq DESC) WHERE final <> 'completed';
CREATE INDEX ON :schema.njs_execution (ended_at DESC, seq DESC) WHERE final <> 'completed';

CREATE TABLE :schema.njs_stats (
  job          text PRIMARY KEY,
  completed    bigint NOT NULL,
  failed       bigint NOT NULL,
  skipped      bigint NOT NULL,
  cancelled    bigint NOT NULL,
  completed_at bigint,
  failed_at    bigint,
  skipped_at   bigint,
  cancelled_at bigint,
  error        text,
  runs         bigint NOT NULL,
  sum          bigint NOT NULL,
  min          bigint,
  max          bigint
);

CREATE TABLE :schema.njs_duration (
  job    text NOT NULL,
  bucket int NOT NULL,
  runs   bigint NOT NULL,
  PRIMARY KEY (job, bucket)
);

-- Adds what the entries that are new came to. Rows are locked in the order of their keys.
CREATE FUNCTION :schema.njs_tally(
  p_new boolean[], p_jobs text[], p_finals text[], p_attempts text[], p_ends bigint[], p_durations bigint[],
  p_buckets int[], p_errors text[]
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO :schema.njs_stats AS s (job, completed, failed, skipped, cancelled, completed_at, failed_at, skipped_at,
    cancelled_at, error, runs, sum, min, max)
  SELECT e.job,
    count(*) FILTER (WHERE e.final = 'completed'), count(*) FILTER (WHERE e.final = 'failed'),
    count(*) FILTER (WHERE e.final = 'skipped'), count(*) FILTER (WHERE e.final = 'cancelled'),
    max(e.at) FILTER (WHERE e.final = 'completed' AND e.attempt IS NOT NULL),
    max(e.at) FILTER (WHERE e.final = 'failed' AND e.attempt IS NOT NULL),
    max(e.at) FILTER (WHERE e.final = 'skipped' AND e.attempt IS NOT NULL),
    max(e.at) FILTER (WHERE e.final = 'cancelled' AND e.attempt IS NOT NULL),
    (array_agg(e.error ORDER BY e.at DESC, e.n DESC) FILTER (WHERE e.final = 'failed' AND e.attempt IS NOT NULL))[1],
    count(e.duration), coalesce(sum(e.duration), 0)::bigint, min(e.duration), max(e.duration)
  FROM unnest(p_new, p_jobs, p_finals, p_attempts, p_ends, p_durations, p_errors) WITH ORDINALITY
    AS e (is_new, job, final, attempt, at, duration, error, n)
  WHERE e.is_new GROUP BY e.job ORDER BY e.job
  ON CONFLICT (job) DO UPDATE SET
    completed = s.completed + excluded.completed, failed = s.failed + excluded.failed,
    skipped = s.skipped + excluded.skipped, cancelled = s.cancelled + excluded.cancelled,
    completed_at = greatest(s.completed_at, excluded.completed_at),
    failed_at = greatest(s.failed_at, excluded.failed_at),
    skipped_at = greatest(s.skipped_at, excluded.skipped_at),
    cancelled_at = greatest(s.cancelled_at, excluded.cancelled_at),
    error = CASE WHEN excluded.failed_at >= coalesce(s.failed_at, 0) THEN excluded.error ELSE s.error END,
    runs = s.runs + excluded.runs, sum = s.sum + excluded.sum,
    min = least(s.min, excluded.min), max = greatest(s.max, excluded.max);

  INSERT INTO :schema.njs_duration AS d (job, bucket, runs)
  SELECT e.job, e.bucket, count(*)
  FROM unnest(p_new, p_jobs, p_buckets) AS e (is_new, job, bucket)
  WHERE e.is_new AND e.bucket IS NOT NULL GROUP BY e.job, e.bucket ORDER BY e.job, e.bucket
  ON CONFLICT (job, bucket) DO UPDATE SET runs = d.runs + excluded.runs;
END
$body$;
