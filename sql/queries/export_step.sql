-- The steps of day $5 as v_step tells them, in a stable total order.
-- Bounds, NULL = none: $1 since and $2 until (exclusive) on started_at, which
-- leave undated rows out; $3 task class; $4 rows.
-- params: timestamptz, timestamptz, text, bigint, date
SELECT day, step_id, task_id, task_ext_id, task_class, seq, kind, tool, failed,
  started_at
FROM v_step
WHERE day = $5::date
  AND ($1::timestamptz IS NULL OR started_at >= $1)
  AND ($2::timestamptz IS NULL OR started_at < $2)
  AND ($3::text IS NULL OR task_class = $3)
ORDER BY started_at, step_id
LIMIT $4::bigint;
