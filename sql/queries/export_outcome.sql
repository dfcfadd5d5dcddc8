-- Outcomes as v_outcome tells them, in a stable total order.
-- Bounds, NULL = none: $1 since and $2 until (exclusive) on at, which leave
-- undated rows out; $3 class of the task; $4 rows.
-- params: timestamptz, timestamptz, text, bigint
SELECT outcome_id, task_id, task_ext_id, step_id, source, key, success, label,
  at, received_at, current
FROM v_outcome
WHERE ($1::timestamptz IS NULL OR at >= $1)
  AND ($2::timestamptz IS NULL OR at < $2)
  AND ($3::text IS NULL OR task_id IN
    (SELECT t.task_id FROM v_task t WHERE t.task_class = $3))
ORDER BY at, outcome_id
LIMIT $4::bigint;
