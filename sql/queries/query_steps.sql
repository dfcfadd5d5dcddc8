-- The steps of a task ($1) in their order, at most $2, of the days from $3
-- to $4 and without a date.
-- Columns: day, step_id, seq, kind, tool, failed, started_at.
-- params: uuid, bigint, date, date
SELECT s.day, s.id AS step_id, s.seq, s.kind, tool.name AS tool, s.failed,
  s.started_at
FROM step s
LEFT JOIN dict tool ON tool.id = s.tool_id
WHERE s.task_id = $1::uuid
  AND (s.day BETWEEN $3 AND $4 OR s.day = '1970-01-01')
ORDER BY s.seq NULLS LAST, s.started_at NULLS LAST, s.id
LIMIT $2::bigint;
