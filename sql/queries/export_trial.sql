-- Trials as v_trial tells them, in a stable total order.
-- Bounds, NULL = none: $1 since and $2 until (exclusive) on at, which leave
-- undated rows out; $3 task class; $4 rows.
-- params: timestamptz, timestamptz, text, bigint
SELECT trial_id, source, task_id, task_class, model, agent, run, success,
  cost_usd, cost_estimated, input_tokens, output_tokens, api_calls, at, attrs,
  has_features
FROM v_trial
WHERE ($1::timestamptz IS NULL OR at >= $1)
  AND ($2::timestamptz IS NULL OR at < $2)
  AND ($3::text IS NULL OR task_class = $3)
ORDER BY source COLLATE "C", task_id COLLATE "C", trial_id
LIMIT $4::bigint;
