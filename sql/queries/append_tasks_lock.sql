-- The tasks of a batch as they are, locked until its end.
-- params: uuid[]
SELECT id, parent_id, team_id, agent_id, class_id, class_rank, who_ranks,
  started_at, ended_at, attempts, errors, unpriced, escalations, routed,
  escalations_routed, uncached_in, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
  cost_pusd, success_micro, attrs::text
FROM task WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
