-- The dearest tasks of a class that started within a span: what query_tasks
-- answers when sorted by cost, the dearest first, and the same columns. It looks
-- at few rows (task_cost): of each day the dearest few say what the last one of
-- the page costs at least, and only what costs as much is read. Days are those
-- that have tasks. $1 class or NULL, $2 since and $3 until (exclusive), $4
-- whether undated tasks belong to the span, $5 rows, $6 rows to skip, $7 agent or
-- NULL, $8 team or NULL.
-- params: integer, timestamptz, timestamptz, boolean, bigint, bigint, integer, integer
WITH RECURSIVE later AS (
  SELECT (SELECT min(day) FROM task_cost
    WHERE day >= ($2::timestamptz AT TIME ZONE 'UTC')::date) AS day
  UNION ALL
  SELECT (SELECT min(c.day) FROM task_cost c WHERE c.day > later.day)
  FROM later WHERE later.day < ($3::timestamptz AT TIME ZONE 'UTC')::date
), days AS MATERIALIZED (
  SELECT day FROM later WHERE day <= ($3 AT TIME ZONE 'UTC')::date
  UNION
  SELECT '1970-01-01' WHERE $4::boolean
), least AS MATERIALIZED (
  SELECT c.cost_pusd
  FROM days, LATERAL (SELECT cost_pusd FROM task_cost
    WHERE task_cost.day = days.day AND ($1::integer IS NULL OR class_id = $1)
      AND ($7::integer IS NULL OR agent_id = $7) AND ($8::integer IS NULL OR team_id = $8)
      AND (started_at >= $2 AND started_at < $3 OR $4 AND started_at IS NULL)
    ORDER BY cost_pusd DESC, task_id
    LIMIT 2 * ($5::bigint + $6::bigint) / (SELECT count(*) FROM days) + 8) c
  ORDER BY 1 DESC OFFSET $5 + $6 - 1 LIMIT 1
), hit AS MATERIALIZED (
  SELECT task_id, cost_pusd
  FROM (SELECT c.task_id, c.cost_pusd
    FROM days, LATERAL (SELECT task_id, cost_pusd FROM task_cost
      WHERE task_cost.day = days.day AND ($1 IS NULL OR class_id = $1)
        AND ($7 IS NULL OR agent_id = $7) AND ($8 IS NULL OR team_id = $8)
        AND (started_at >= $2 AND started_at < $3 OR $4 AND started_at IS NULL)
        AND cost_pusd >= coalesce((SELECT cost_pusd FROM least), '-Infinity')
      ORDER BY cost_pusd DESC, task_id
      LIMIT $5 + $6) c
    UNION
    SELECT id, cost_pusd
    FROM task_open JOIN task ON id = task_id
    WHERE attempts > 0 AND ($1 IS NULL OR class_id = $1)
      AND ($7 IS NULL OR agent_id = $7) AND ($8 IS NULL OR team_id = $8)
      AND (started_at >= $2 AND started_at < $3 OR $4 AND started_at IS NULL)) c
  ORDER BY cost_pusd DESC, task_id
  LIMIT $5 OFFSET $6
)
SELECT t.id AS task_id, sender.name AS sender, t.ext_id,
  t.parent_id AS parent_task_id, team.name AS team, agent.name AS agent,
  class.name AS task_class, t.class_rank = 6 AS class_guessed, t.started_at,
  t.ended_at, t.attempts, t.errors, t.unpriced, t.escalations, t.routed,
  t.uncached_in, t.cache_read, t.cache_write_5m, t.cache_write_1h, t.output,
  t.reasoning, t.cost_pusd, t.success_micro, t.class_id
FROM hit
JOIN task t ON t.id = hit.task_id
JOIN dict sender ON sender.id = t.sender_id
JOIN dict team ON team.id = t.team_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict class ON class.id = t.class_id
ORDER BY hit.cost_pusd DESC, t.id;
