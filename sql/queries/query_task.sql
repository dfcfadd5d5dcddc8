-- One task, by its id ($1) or by the name its sender gave it ($2); the other is
-- NULL. A name that several senders use gives several rows, the newest first.
-- Columns as query_tasks.sql.
-- params: uuid, text
SELECT t.id AS task_id, sender.name AS sender, t.ext_id,
  t.parent_id AS parent_task_id, team.name AS team, agent.name AS agent,
  class.name AS task_class, t.class_rank = 6 AS class_guessed, t.started_at,
  t.ended_at, t.attempts, t.errors, t.unpriced, t.escalations, t.routed,
  t.uncached_in, t.cache_read, t.cache_write_5m, t.cache_write_1h, t.output,
  t.reasoning, t.cost_pusd, t.success_micro, t.class_id
FROM task t
JOIN dict sender ON sender.id = t.sender_id
JOIN dict team ON team.id = t.team_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict class ON class.id = t.class_id
WHERE t.id = $1::uuid OR t.ext_id = $2::text
ORDER BY t.started_at DESC NULLS LAST, t.id
LIMIT 2;
