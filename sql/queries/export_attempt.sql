-- The attempts of day $5 as v_attempt tells them, in a stable total order.
-- Bounds, NULL = none: $1 since and $2 until (exclusive) on started_at, which
-- leave undated rows out; $3 task class; $4 rows.
-- params: timestamptz, timestamptz, text, bigint, date
SELECT day, attempt_id, task_id, task_ext_id, parent_task_id, step_id, step_day,
  team, agent, task_class, attempt_no, started_at, first_token_at, ended_at,
  received_at, provider, requested_model, model, tier, uncached_in, cache_read,
  cache_write_5m, cache_write_1h, output, reasoning, audio_in, audio_out,
  web_search, other_tools, cost_usd, price_id, reported_cost_usd, status,
  finish_reason, error_class, service_tier, usage_quality, source,
  escalated_from, decision_id, aco_reals(evidence) AS evidence
FROM v_attempt
WHERE day = $5::date
  AND ($1::timestamptz IS NULL OR started_at >= $1)
  AND ($2::timestamptz IS NULL OR started_at < $2)
  AND ($3::text IS NULL OR task_class = $3)
ORDER BY started_at, attempt_id
LIMIT $4::bigint;
