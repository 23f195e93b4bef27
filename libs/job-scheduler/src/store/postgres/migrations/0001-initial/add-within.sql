-- Jobs for a queue in which a number at most may wait. The error code when there is no room is NJ001.

-- Adds jobs by BullMQ's add_flow if there is room for all of them; raises NJ001 otherwise. One at a time for each queue,
-- so that nobody adds between the look and the end of the transaction. Jobs for later need no room, nor do those that are
-- not added, since their id is known or their deduplication id is held: so the last look comes when they are in.
CREATE FUNCTION :schema.njs_add_within(p_queue text, p_limit bigint, p_entries jsonb) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = :schema AS $body$
DECLARE
  v_wanted text[];
  v_known  text[];
  v_ids    text[];
  v_plain  bigint;
  v_new    bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('njs:room'), hashtext(':schema_name:' || p_queue));
  SELECT array_agg(e ->> 'id' ORDER BY n) INTO v_wanted FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS t(e, n);
  SELECT coalesce(array_agg(id), '{}') INTO v_known FROM job WHERE queue = p_queue AND id = ANY(v_wanted);

  -- Without deduplication it is known beforehand: a refusal leaves no dead rows behind.
  SELECT count(DISTINCT e ->> 'id') INTO v_plain FROM jsonb_array_elements(p_entries) AS e
    WHERE e ->> 'dedupId' IS NULL AND (e ->> 'delay')::bigint <= 0 AND e ->> 'id' <> ALL(v_known);
  IF v_plain > 0 AND v_plain + (
    SELECT count(*) FROM (SELECT 1 FROM job WHERE queue = p_queue AND state = 'waiting' LIMIT p_limit) AS waiting
  ) > p_limit THEN
    RAISE EXCEPTION 'no room in queue %', p_queue USING ERRCODE = 'NJ001';
  END IF;

  SELECT array_agg(id ORDER BY n) INTO v_ids FROM add_flow(p_entries) WITH ORDINALITY AS t(id, n);
  SELECT count(*) INTO v_new FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS t(e, n)
    WHERE (e ->> 'delay')::bigint <= 0 AND v_ids[n] = v_wanted[n] AND v_wanted[n] <> ALL(v_known);
  IF v_new > v_plain AND EXISTS (
    SELECT 1 FROM job WHERE queue = p_queue AND state = 'waiting' OFFSET p_limit LIMIT 1
  ) THEN
    RAISE EXCEPTION 'no room in queue %', p_queue USING ERRCODE = 'NJ001';
  END IF;
  RETURN QUERY SELECT unnest(v_ids);
END
$body$;
