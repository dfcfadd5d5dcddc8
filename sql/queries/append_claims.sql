-- Sums that spans claim; of one span the longer time is kept. The order of
-- locks is that of the ids.
-- params: uuid[], uuid[], timestamptz[], timestamptz[], timestamptz[], text[]
INSERT INTO claim AS c (id, task_id, started_at, ended_at, due_at, event)
SELECT DISTINCT ON (i) i, t, s, e, d, v::json
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
  $6::text[]) AS u (i, t, s, e, d, v)
ORDER BY i, e - s DESC
ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at,
  event = excluded.event
WHERE excluded.ended_at - excluded.started_at > c.ended_at - c.started_at
