-- The decisions of day $5 as v_decision tells them, in a stable total order.
-- Bounds, NULL = none: $1 since and $2 until (exclusive) on decided_at; $3
-- class of the task; $4 rows.
-- params: timestamptz, timestamptz, text, bigint, date
SELECT day, decision_id, task_id, step_id, decided_at, bundle_id, policy, plan,
  live, propensity, aco_reals(p_success) AS p_success, aco_reals(p_low) AS p_low,
  aco_reals(p_high) AS p_high, aco_costs_usd(expected_cost_pusd) AS expected_cost_usd,
  bound_by, reasons, feature_schema, aco_reals(features) AS features
FROM v_decision
WHERE day = $5::date
  AND ($1::timestamptz IS NULL OR decided_at >= $1)
  AND ($2::timestamptz IS NULL OR decided_at < $2)
  AND ($3::text IS NULL OR task_id IN
    (SELECT t.task_id FROM v_task t WHERE t.task_class = $3))
ORDER BY decided_at, decision_id
LIMIT $4::bigint;
