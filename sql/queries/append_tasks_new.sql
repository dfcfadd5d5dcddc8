-- Tasks of a batch that are not there yet, in the order of their ids so that
-- two writers never wait for each other in a circle.
-- params: uuid[], integer[], text[], uuid[], integer[], integer[], integer[], smallint[], smallint[], text[]
INSERT INTO task (id, sender_id, ext_id, parent_id, team_id, agent_id, class_id,
  class_rank, who_ranks, attrs)
SELECT i, s, x, p, t, a, c, cr, wr, at::json
FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::uuid[], $5::integer[],
  $6::integer[], $7::integer[], $8::smallint[], $9::smallint[],
  $10::text[])
  AS u (i, s, x, p, t, a, c, cr, wr, at)
WHERE NOT EXISTS (SELECT FROM task o WHERE o.id = u.i)
ORDER BY i
ON CONFLICT (id) DO NOTHING
