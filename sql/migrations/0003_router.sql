-- What the router and the gateway add: decisions and evidence as a trainer
-- reads them.

-- Numbers as JSON; NaN, which JSON lacks, is null.
CREATE FUNCTION aco_reals(v real[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_agg(CASE WHEN x = 'NaN' THEN NULL ELSE x END ORDER BY n)
  FROM unnest(v) WITH ORDINALITY AS u (x, n));

-- Pico-dollars as JSON texts in dollars, exactly.
CREATE FUNCTION aco_costs_usd(v bigint[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_agg(trim_scale(x * 0.000000000001)::text ORDER BY n)
  FROM unnest(v) WITH ORDINALITY AS u (x, n));

CREATE OR REPLACE VIEW v_attempt AS
SELECT a.day, a.id AS attempt_id, a.task_id, t.ext_id AS task_ext_id,
  t.parent_id AS parent_task_id, a.step_id, a.step_day, team.name AS team,
  agent.name AS agent, class.name AS task_class, a.attempt_no,
  a.started_at, a.first_token_at, a.ended_at, a.received_at,
  m.provider, r.name AS requested_model, m.name AS model, a.tier,
  a.uncached_in, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output,
  a.reasoning, a.audio_in, a.audio_out, a.web_search, a.other_tools,
  trim_scale(a.cost_pusd * 0.000000000001) AS cost_usd, a.price_id,
  trim_scale(a.reported_cost_pusd * 0.000000000001) AS reported_cost_usd,
  a.status, fin.name AS finish_reason, er.name AS error_class,
  st.name AS service_tier, a.quality AS usage_quality, src.name AS source,
  a.escalated_from, a.decision_id, a.evidence
FROM attempt a
JOIN task t ON t.id = a.task_id
JOIN dict team ON team.id = t.team_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict class ON class.id = t.class_id
JOIN model m ON m.id = a.model_id
JOIN dict src ON src.id = a.source_id
LEFT JOIN model r ON r.id = a.requested_model_id
LEFT JOIN dict fin ON fin.id = a.finish_id
LEFT JOIN dict er ON er.id = a.error_id
LEFT JOIN dict st ON st.id = a.service_tier_id;

CREATE OR REPLACE VIEW v_decision AS
SELECT d.day, d.id AS decision_id, d.task_id, d.step_id, d.decided_at,
  d.bundle_id, d.policy, d.plan, d.live, d.propensity, d.p_success, d.p_low,
  d.p_high, d.bound_by, d.reasons, d.feature_schema, d.features,
  d.expected_cost_pusd
FROM decision d;
