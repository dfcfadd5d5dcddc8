-- Tasks of a class that started within a span, the first by one of their
-- figures. $1 class or NULL, $2 since and $3 until (exclusive), $4 whether
-- undated tasks belong to the span, $5 the figure's name (a column of the
-- answer; anything else: by start), $6 descending, $7 rows, $8 rows to skip,
-- $9 agent or NULL, $10 team or NULL.
-- params: integer, timestamptz, timestamptz, boolean, text, boolean, bigint, bigint, integer, integer
WITH hit AS (
  SELECT *
  FROM (SELECT task.*,
      CASE $5::text
        WHEN 'cost_usd' THEN cost_pusd
        WHEN 'attempts' THEN attempts
        WHEN 'errors' THEN errors
        WHEN 'unpriced' THEN unpriced
        WHEN 'escalations' THEN escalations
        WHEN 'success' THEN success_micro
        WHEN 'uncached_in' THEN uncached_in
        WHEN 'cache_read' THEN cache_read
        WHEN 'cache_write' THEN cache_write_5m + cache_write_1h
        WHEN 'output' THEN output
        WHEN 'duration_us' THEN extract(epoch FROM ended_at - started_at)
        WHEN 'task_class' THEN NULL
        WHEN 'agent' THEN NULL
        WHEN 'team' THEN NULL
        WHEN 'sender' THEN NULL
        WHEN 'ext_id' THEN NULL
        ELSE extract(epoch FROM started_at)
      END AS number,
      CASE $5
        WHEN 'task_class' THEN (SELECT name FROM dict WHERE dict.id = class_id)
        WHEN 'agent' THEN (SELECT name FROM dict WHERE dict.id = agent_id)
        WHEN 'team' THEN (SELECT name FROM dict WHERE dict.id = team_id)
        WHEN 'sender' THEN (SELECT name FROM dict WHERE dict.id = sender_id)
        WHEN 'ext_id' THEN ext_id
      END AS word
    FROM task
    WHERE attempts > 0 AND ($1::integer IS NULL OR class_id = $1)
      AND ($9::integer IS NULL OR agent_id = $9)
      AND ($10::integer IS NULL OR team_id = $10)
      AND (started_at >= $2::timestamptz AND started_at < $3::timestamptz
        OR $4::boolean AND started_at IS NULL)) t
  ORDER BY CASE WHEN $6::boolean THEN number END DESC NULLS LAST,
    CASE WHEN NOT $6 THEN number END NULLS LAST,
    CASE WHEN $6 THEN word END DESC NULLS LAST,
    CASE WHEN NOT $6 THEN word END NULLS LAST, id
  LIMIT $7::bigint OFFSET $8::bigint)
SELECT t.id AS task_id, sender.name AS sender, t.ext_id,
  t.parent_id AS parent_task_id, team.name AS team, agent.name AS agent,
  class.name AS task_class, t.class_rank = 6 AS class_guessed, t.started_at,
  t.ended_at, t.attempts, t.errors, t.unpriced, t.escalations, t.routed,
  t.uncached_in, t.cache_read, t.cache_write_5m, t.cache_write_1h, t.output,
  t.reasoning, t.cost_pusd, t.success_micro, t.class_id
FROM hit t
JOIN dict sender ON sender.id = t.sender_id
JOIN dict team ON team.id = t.team_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict class ON class.id = t.class_id
ORDER BY CASE WHEN $6 THEN number END DESC NULLS LAST,
  CASE WHEN NOT $6 THEN number END NULLS LAST,
  CASE WHEN $6 THEN word END DESC NULLS LAST,
  CASE WHEN NOT $6 THEN word END NULLS LAST, t.id;
