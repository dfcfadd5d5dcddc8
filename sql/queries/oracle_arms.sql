-- The models that served judged tasks of class $2 in the 30 days up to $1, with how
-- well and at what cost: the arms of its oracle, at most $3, most used first.
-- Columns: model, tier, tasks, success (mean), cost_pusd (mean).
-- params: date, integer, bigint
SELECT m.name, max(s.tier)::smallint, count(*), avg(s.success),
  avg(s.cost_pusd)::float8
FROM (SELECT a.task_id, a.model_id, max(a.tier) AS tier, sum(a.cost_pusd) AS cost_pusd,
    t.success_micro * 0.000001::float8 AS success
  FROM task t JOIN attempt a ON a.task_id = t.id
  WHERE t.class_id = $2::integer AND t.success_micro IS NOT NULL
    AND t.started_at >= ($1::date - 29)::timestamp AT TIME ZONE 'UTC'
    AND t.started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND a.status = 'ok' AND a.cost_pusd IS NOT NULL
  GROUP BY a.task_id, a.model_id, t.success_micro) s
JOIN model m ON m.id = s.model_id
GROUP BY m.name
ORDER BY count(*) DESC, m.name
LIMIT $3::bigint
