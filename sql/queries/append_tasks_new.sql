-- Tasks of a batch that are not there yet, in the order of their ids so that
-- two writers never wait for each other in a circle.
-- params: uuid[], integer[], text[], uuid[], integer[], integer[], integer[], smallint[], smallint[], text[]
INSERT INTO task (id, sender_id, ext_id, parent_id, team_id, agent_id, class_id,
  class_rank, who_ranks, attrs)
SELECT i, s, x, p, t, a, c, cr, wr, at::json
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  AS u (i, s, x, p, t, a, c, cr, wr, at)
WHERE NOT EXISTS (SELECT FROM task o WHERE o.id = u.i)
ORDER BY i
ON CONFLICT (id) DO NOTHING
