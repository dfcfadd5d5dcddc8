-- Put tasks in their place by cost that nothing was heard of since $1, at most
-- $2: from task_open into task_cost. Tasks that a writer holds wait for the next
-- time. The answer is one row: how many.
-- params: timestamptz, bigint
WITH due AS MATERIALIZED (
  SELECT t.id, t.attempts, t.class_id, t.agent_id, t.team_id, t.started_at, t.cost_pusd
  FROM task_open o JOIN task t ON t.id = o.task_id
  WHERE o.opened_at < $1::timestamptz
  ORDER BY o.opened_at
  LIMIT $2::bigint
  FOR NO KEY UPDATE OF t SKIP LOCKED
), gone AS (
  DELETE FROM task_open USING due WHERE task_id = due.id RETURNING task_id
), settled AS (
  INSERT INTO task_cost (task_id, day, class_id, agent_id, team_id, started_at, cost_pusd)
  SELECT id, CASE WHEN attempts > 0 THEN
      coalesce((started_at AT TIME ZONE 'UTC')::date, '1970-01-01') END,
    class_id, agent_id, team_id, started_at, cost_pusd
  FROM due JOIN gone ON task_id = id
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM due
