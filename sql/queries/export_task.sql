-- Tasks as v_task tells them, in a stable total order.
-- Bounds, NULL = none: $1 since and $2 until (exclusive) on started_at, which
-- leave undated rows out; $3 task class; $4 rows.
-- params: timestamptz, timestamptz, text, bigint
SELECT task_id, sender, ext_id, parent_task_id, team, agent, task_class,
  class_guessed, started_at, ended_at, attempts, errors, unpriced, escalations,
  routed_attempts, uncached_in, cache_read, cache_write_5m, cache_write_1h,
  output, reasoning, cost_usd, success, attrs
FROM v_task
WHERE ($1::timestamptz IS NULL OR started_at >= $1)
  AND ($2::timestamptz IS NULL OR started_at < $2)
  AND ($3::text IS NULL OR task_class = $3)
ORDER BY started_at, task_id
LIMIT $4::bigint;
