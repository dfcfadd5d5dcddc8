-- The steps of a task ($1) in their order, at most $2. The bounds on the day let
-- the other partitions be skipped.
-- Columns: day, step_id, seq, kind, tool, failed, started_at.
-- params: uuid, bigint
SELECT s.day, s.id AS step_id, s.seq, s.kind, tool.name AS tool, s.failed,
  s.started_at
FROM step s
LEFT JOIN dict tool ON tool.id = s.tool_id
WHERE s.task_id = $1::uuid
  AND (s.day BETWEEN (SELECT (started_at AT TIME ZONE 'UTC')::date - 1
        FROM task WHERE id = $1)
      AND (SELECT (ended_at AT TIME ZONE 'UTC')::date + 1
        FROM task WHERE id = $1)
    OR s.day = '1970-01-01')
ORDER BY s.seq NULLS LAST, s.started_at NULLS LAST, s.id
LIMIT $2::bigint;
