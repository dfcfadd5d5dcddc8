-- Escalations that a decision of ours made, apart from those that senders told
-- of: attempts that carry both, of a task; and tasks with such an attempt.
ALTER TABLE task ADD COLUMN escalations_routed bigint NOT NULL DEFAULT 0;
ALTER TABLE task_rollup ADD COLUMN escalated_routed bigint NOT NULL DEFAULT 0;

UPDATE task t SET escalations_routed = a.n
FROM (SELECT task_id, count(*) AS n FROM attempt
  WHERE escalated_from IS NOT NULL AND decision_id IS NOT NULL
  GROUP BY task_id) a
WHERE t.id = a.task_id;

-- One of the slots of each bucket takes what was so far; minutes of days that
-- were dropped have no row to take it.
UPDATE task_rollup r SET escalated_routed = x.n
FROM (SELECT g AS grain, coalesce(date_trunc(g::text, started_at, 'UTC'),
      '1970-01-01Z') AS bucket, class_id, agent_id, team_id, count(*) AS n
    FROM task, unnest(enum_range(NULL::rollup_grain)) g
    WHERE escalations_routed > 0 GROUP BY 1, 2, 3, 4, 5) x
WHERE (r.grain, r.bucket, r.class_id, r.agent_id, r.team_id)
    = (x.grain, x.bucket, x.class_id, x.agent_id, x.team_id)
  AND r.slot = (SELECT min(s.slot) FROM task_rollup s
    WHERE (s.grain, s.bucket, s.class_id, s.agent_id, s.team_id)
      = (r.grain, r.bucket, r.class_id, r.agent_id, r.team_id));

CREATE OR REPLACE VIEW v_class_day AS
SELECT coalesce(a.day, t.day) AS day, class.name AS task_class,
  coalesce(t.started, 0) AS tasks, coalesce(t.judged, 0) AS judged,
  trim_scale(coalesce(t.success_micro, 0) * 0.000001) AS succeeded,
  coalesce(t.routed, 0) AS routed, coalesce(t.escalated, 0) AS escalated,
  coalesce(a.attempts, 0) AS attempts, coalesce(a.errors, 0) AS errors,
  coalesce(a.unpriced, 0) AS unpriced,
  coalesce(a.uncached_in, 0) AS uncached_in, coalesce(a.cache_read, 0) AS cache_read,
  coalesce(a.cache_write_5m, 0) AS cache_write_5m,
  coalesce(a.cache_write_1h, 0) AS cache_write_1h,
  coalesce(a.output, 0) AS output, coalesce(a.reasoning, 0) AS reasoning,
  trim_scale(coalesce(a.cost_pusd, 0) * 0.000000000001) AS cost_usd,
  coalesce(t.escalated_routed, 0) AS escalated_routed
FROM (SELECT (bucket AT TIME ZONE 'UTC')::date AS day, class_id,
        sum(attempts) AS attempts, sum(errors) AS errors, sum(unpriced) AS unpriced,
        sum(uncached_in) AS uncached_in, sum(cache_read) AS cache_read,
        sum(cache_write_5m) AS cache_write_5m, sum(cache_write_1h) AS cache_write_1h,
        sum(output) AS output, sum(reasoning) AS reasoning, sum(cost_pusd) AS cost_pusd
      FROM attempt_rollup WHERE grain = 'day' GROUP BY 1, 2) a
FULL JOIN (SELECT (bucket AT TIME ZONE 'UTC')::date AS day, class_id,
        sum(started) AS started, sum(judged) AS judged,
        sum(success_micro) AS success_micro, sum(routed) AS routed,
        sum(escalated) AS escalated,
        sum(escalated_routed) AS escalated_routed
      FROM task_rollup WHERE grain = 'day' GROUP BY 1, 2) t
  ON t.day = a.day AND t.class_id = a.class_id
JOIN dict class ON class.id = coalesce(a.class_id, t.class_id);

-- The same as before over fewer scans: one for each grain, of its own table, so
-- that a plan is quickly made. Bounds must be bare parameters for that.
CREATE OR REPLACE FUNCTION aco_calls(t0 timestamptz, t1 timestamptz, t2 timestamptz,
  t3 timestamptz, t4 timestamptz, t5 timestamptz)
RETURNS SETOF attempt_rollup LANGUAGE sql STABLE AS $$
  SELECT * FROM attempt_rollup_minute WHERE grain = 'minute'
    AND (bucket >= t0 AND bucket < t1 OR bucket >= t4 AND bucket < t5)
  UNION ALL
  SELECT * FROM attempt_rollup_hour WHERE grain = 'hour'
    AND (bucket >= t1 AND bucket < t2 OR bucket >= t3 AND bucket < t4)
  UNION ALL
  SELECT * FROM attempt_rollup_day WHERE grain = 'day' AND bucket >= t2 AND bucket < t3
$$;

CREATE OR REPLACE FUNCTION aco_tasks(t0 timestamptz, t1 timestamptz, t2 timestamptz,
  t3 timestamptz, t4 timestamptz, t5 timestamptz)
RETURNS SETOF task_rollup LANGUAGE sql STABLE AS $$
  SELECT * FROM task_rollup_minute WHERE grain = 'minute'
    AND (bucket >= t0 AND bucket < t1 OR bucket >= t4 AND bucket < t5)
  UNION ALL
  SELECT * FROM task_rollup_hour WHERE grain = 'hour'
    AND (bucket >= t1 AND bucket < t2 OR bucket >= t3 AND bucket < t4)
  UNION ALL
  SELECT * FROM task_rollup_day WHERE grain = 'day' AND bucket >= t2 AND bucket < t3
$$;

-- What a scope has spent since a moment: minutes or hours up to the next UTC
-- day, then days, which makes a month's budget some thirty buckets.
CREATE OR REPLACE FUNCTION aco_budget_spent(scope text, subject text, since timestamptz)
RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
  whole timestamptz := date_trunc('day', since, 'UTC');
  name_id integer;
  spent numeric;
  part numeric;
BEGIN
  IF whole < since THEN
    whole := whole + interval '24 hours';
  END IF;
  IF scope = 'task' THEN
    SELECT sum(cost_pusd) INTO spent FROM attempt
    WHERE task_id = subject::uuid AND (started_at >= since OR since <= '1970-01-01Z');
  ELSIF scope IN ('team', 'agent', 'class') THEN
    SELECT id INTO name_id FROM dict WHERE kind = scope AND name = subject;
    SELECT sum(cost_pusd) INTO spent FROM attempt_rollup_day
    WHERE grain = 'day' AND bucket >= whole AND name_id =
      CASE scope WHEN 'team' THEN team_id WHEN 'agent' THEN agent_id ELSE class_id END;
    IF since < whole AND date_trunc('hour', since) = since THEN
      SELECT sum(cost_pusd) INTO part FROM attempt_rollup_hour
      WHERE grain = 'hour' AND bucket >= since AND bucket < whole AND name_id =
        CASE scope WHEN 'team' THEN team_id WHEN 'agent' THEN agent_id ELSE class_id END;
    ELSIF since < whole THEN
      SELECT sum(cost_pusd) INTO part FROM attempt_rollup_minute
      WHERE grain = 'minute' AND bucket >= since AND bucket < whole AND name_id =
        CASE scope WHEN 'team' THEN team_id WHEN 'agent' THEN agent_id ELSE class_id END;
    END IF;
  END IF;
  RETURN coalesce(spent, 0) + coalesce(part, 0);
END $$;
