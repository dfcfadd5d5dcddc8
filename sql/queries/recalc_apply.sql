-- Give locked calls of one day another cost: day, ids, costs (NULL = not
-- priced), price rows, reason, slot of the rollups. Their tasks are locked
-- too. Keeps both figures as corrections and moves all sums by the difference.
-- The tasks are open again (task_open).
-- Sums by the minute are kept only where that day has not been dropped.
-- params: date, uuid[], bigint[], integer[], text, smallint
WITH new AS (
  SELECT id, cost, price
  FROM unnest($2::uuid[], $3::bigint[], $4::integer[]) AS u (id, cost, price)
), old AS (
  SELECT a.id, a.task_id, a.model_id, coalesce(a.tier, 0)::smallint AS tier,
    a.started_at, a.cost_pusd AS was, a.price_id AS was_price, new.cost,
    new.price,
    coalesce(new.cost, 0)::numeric - coalesce(a.cost_pusd, 0) AS delta,
    (new.cost IS NULL)::integer - (a.cost_pusd IS NULL)::integer AS unpriced
  FROM new JOIN attempt a ON a.day = $1::date AND a.id = new.id
), attempts AS (
  UPDATE attempt a SET cost_pusd = new.cost, price_id = new.price
  FROM new WHERE a.day = $1 AND a.id = new.id
), corrections AS (
  INSERT INTO correction (attempt_day, attempt_id, old_cost_pusd,
    new_cost_pusd, old_price_id, new_price_id, reason)
  SELECT $1, id, was, cost, was_price, price, $5::text FROM old
), tasks AS (
  UPDATE task SET cost_pusd = task.cost_pusd + d.delta,
    unpriced = task.unpriced + d.unpriced
  FROM (SELECT task_id, sum(delta) AS delta, sum(unpriced) AS unpriced
    FROM old GROUP BY 1) AS d
  WHERE task.id = d.task_id
  RETURNING task.id, task.class_id, task.agent_id, task.team_id,
    task.started_at, task.success_micro, d.delta
), gone AS (
  DELETE FROM task_cost USING tasks WHERE task_id = tasks.id RETURNING task_id
), opened AS (
  INSERT INTO task_open (task_id) SELECT task_id FROM gone ON CONFLICT DO NOTHING
), buckets AS (
  SELECT g AS grain, coalesce(date_trunc(g::text, old.started_at, 'UTC'),
      '1970-01-01Z') AS bucket, tasks.class_id, tasks.agent_id, tasks.team_id,
    old.model_id, old.tier, sum(old.unpriced) AS unpriced,
    sum(old.delta) AS delta
  FROM old JOIN tasks ON tasks.id = old.task_id,
    unnest(enum_range(NULL::rollup_grain)) AS g
  GROUP BY 1, 2, 3, 4, 5, 6, 7
), attempt_sums AS (
  INSERT INTO attempt_rollup AS r (grain, bucket, slot, class_id, agent_id,
    team_id, model_id, tier, attempts, errors, unpriced, escalations,
    uncached_in, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
    cost_pusd)
  SELECT grain, bucket, $6::smallint, class_id, agent_id, team_id, model_id,
    tier, 0, 0, unpriced, 0, 0, 0, 0, 0, 0, 0, delta
  FROM buckets
  WHERE grain <> 'minute' OR to_regclass('attempt_rollup_minute_' ||
    to_char(bucket AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NOT NULL
  ORDER BY grain, bucket, class_id, agent_id, team_id, model_id, tier
  ON CONFLICT (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier)
  DO UPDATE SET unpriced = r.unpriced + excluded.unpriced,
    cost_pusd = r.cost_pusd + excluded.cost_pusd
), task_buckets AS (
  SELECT g AS grain, coalesce(date_trunc(g::text, started_at, 'UTC'),
      '1970-01-01Z') AS bucket, class_id, agent_id, team_id,
    sum(delta) AS paid,
    coalesce(sum(delta) FILTER (WHERE success_micro IS NOT NULL), 0) AS judged
  FROM tasks, unnest(enum_range(NULL::rollup_grain)) AS g
  GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO task_rollup AS r (grain, bucket, slot, class_id, agent_id, team_id,
  started, judged, success_micro, routed, escalated, paid_pusd,
  paid_judged_pusd)
SELECT grain, bucket, $6, class_id, agent_id, team_id, 0, 0, 0, 0, 0, paid,
  judged
FROM task_buckets
WHERE grain <> 'minute' OR to_regclass('task_rollup_minute_' ||
  to_char(bucket AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NOT NULL
ORDER BY grain, bucket, class_id, agent_id, team_id
ON CONFLICT (grain, bucket, slot, class_id, agent_id, team_id)
DO UPDATE SET paid_pusd = r.paid_pusd + excluded.paid_pusd,
  paid_judged_pusd = r.paid_judged_pusd + excluded.paid_judged_pusd
