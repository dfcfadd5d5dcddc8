-- The newest decisions from $1 to $2 (NULL: to now) of a class ($3, NULL: any),
-- at most $4.
-- Columns: day, decision_id, decided_at, task_id, ext_id, task_class, agent,
-- class_id, bundle_id, policy, plan, live, propensity, bound_by, rule, explored,
-- p_success, expected_cost_pusd, success_micro, task_cost_pusd, tier, p_micro,
-- arm_cost_pusd (of the arm that the plan begins with, where reasons name it; else
-- the tier of the model of that name). p_success and
-- expected_cost_pusd are lists by tier, with blanks between them, '-' for what is
-- not known.
-- params: timestamptz, timestamptz, integer, bigint
SELECT d.day, d.id AS decision_id, d.decided_at, d.task_id, t.ext_id,
  class.name AS task_class, agent.name AS agent, t.class_id, d.bundle_id,
  d.policy, d.plan, d.live, (d.propensity * 1000000)::bigint AS propensity_micro,
  d.bound_by, coalesce(d.reasons ->> 'rule', 'reply ' || (d.reasons ->> 'why'),
    'pinned: ' || (d.reasons ->> 'pinned'),
    CASE WHEN d.reasons ->> 'explored' = 'true' THEN 'explored' END) AS rule,
  coalesce(d.reasons ->> 'explored' = 'true', false) AS explored,
  array_to_string(d.p_success, ' ', '-') AS p_success,
  array_to_string(d.expected_cost_pusd, ' ', '-') AS expected_cost_pusd,
  t.success_micro, t.cost_pusd AS task_cost_pusd, coalesce(arm.tier, named.tier) AS tier, arm.p_micro, arm.cost_pusd AS arm_cost_pusd
FROM (SELECT * FROM decision
  WHERE decided_at >= $1::timestamptz AND ($2::timestamptz IS NULL OR decided_at < $2)
    AND day >= ($1 AT TIME ZONE 'UTC')::date - 1
    AND ($3::integer IS NULL OR EXISTS (SELECT FROM task
      WHERE task.id = task_id AND class_id = $3))
  ORDER BY decided_at DESC
  LIMIT $4::bigint) d
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
ORDER BY d.decided_at DESC, d.id;
