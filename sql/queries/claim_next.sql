-- The claims to be billed next: those that are due and meet no shorter one of
-- their task. What a shorter one bills decides about the longer ones around it.
-- params: timestamptz, integer
SELECT c.id, c.event::text
FROM claim c
WHERE c.due_at <= $1::timestamptz AND NOT EXISTS (
  SELECT FROM claim i
  WHERE i.task_id = c.task_id
    AND i.started_at <= c.ended_at + interval '1 second'
    AND i.ended_at >= c.started_at - interval '1 second'
    AND (i.ended_at - i.started_at, i.id) < (c.ended_at - c.started_at, c.id))
ORDER BY c.due_at LIMIT $2::integer
