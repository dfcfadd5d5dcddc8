-- One decision with everything that is known of it. $1 day, $2 id.
-- Columns: those of query_decisions.sql, then p_low, p_high, reasons (JSON).
-- params: date, uuid
SELECT d.day, d.id AS decision_id, d.decided_at, d.task_id, t.ext_id,
  class.name AS task_class, agent.name AS agent, t.class_id, d.bundle_id,
  d.policy, d.plan, d.live, (d.propensity * 1000000)::bigint AS propensity_micro,
  d.bound_by, coalesce(d.reasons ->> 'rule', 'reply ' || (d.reasons ->> 'why'),
    'pinned: ' || (d.reasons ->> 'pinned'),
    CASE WHEN d.reasons ->> 'explored' = 'true' THEN 'explored' END) AS rule,
  coalesce(d.reasons ->> 'explored' = 'true', false) AS explored,
  array_to_string(d.p_success, ' ', '-') AS p_success,
  array_to_string(d.expected_cost_pusd, ' ', '-') AS expected_cost_pusd,
  t.success_micro, t.cost_pusd AS task_cost_pusd, coalesce(arm.tier, named.tier) AS tier, arm.p_micro, arm.cost_pusd AS arm_cost_pusd,
  array_to_string(d.p_low, ' ', '-') AS p_low,
  array_to_string(d.p_high, ' ', '-') AS p_high, d.reasons::text AS reasons
FROM decision d
LEFT JOIN task t ON t.id = d.task_id
LEFT JOIN dict class ON class.id = t.class_id
LEFT JOIN dict agent ON agent.id = t.agent_id
LEFT JOIN (SELECT name, min(tier)::integer AS tier FROM model GROUP BY name) named
  ON named.name = substring(d.plan FROM '\(([^ ),]+)')
LEFT JOIN LATERAL (SELECT (v ->> 'tier')::numeric::integer AS tier,
    round(CASE WHEN v ->> 'p' ~ '^[0-9.]{1,12}$' THEN (v ->> 'p')::numeric END * 1000000)::bigint AS p_micro,
    aco_pusd(coalesce(v ->> 'cost_usd', v ->> 'usd')) AS cost_pusd
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(d.reasons -> 'arms') = 'array'
    THEN d.reasons -> 'arms' ELSE '[]' END) v
  WHERE v ->> 'model' = substring(d.plan FROM '\(([^ ),]+)')
    AND v ->> 'tier' ~ '^[0-9]$' LIMIT 1) arm ON true
WHERE d.id = $2::uuid AND d.day BETWEEN $1::date - 1 AND $1 + 1;
