-- Tasks that started on one day and are not once in task_open or, as they are, in
-- task_cost: how many, and one of them. Those that are in both are in neither's
-- place.
-- params: date
SELECT count(*), min(format('task %s', t.id))
FROM task t
LEFT JOIN task_cost c ON c.task_id = t.id
LEFT JOIN task_open o ON o.task_id = t.id
WHERE (t.started_at >= $1::date::timestamp AT TIME ZONE 'UTC'
    AND t.started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
  OR $1::date = '1970-01-01' AND t.started_at IS NULL)
  AND ((c.task_id IS NULL) = (o.task_id IS NULL)
    OR c.task_id IS NOT NULL AND (c.cost_pusd, c.class_id, c.agent_id, c.team_id)
      <> (t.cost_pusd, t.class_id, t.agent_id, t.team_id)
    OR c.task_id IS NOT NULL AND c.started_at IS DISTINCT FROM t.started_at
    OR c.task_id IS NOT NULL AND c.day IS DISTINCT FROM CASE WHEN t.attempts > 0 THEN
      coalesce((t.started_at AT TIME ZONE 'UTC')::date, '1970-01-01') END)
