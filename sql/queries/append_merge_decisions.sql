-- Decisions, some of which are known. A decision is made once, so that reports
-- of one agree; should they not, the one that reads greater stays, in whatever
-- order they come. Returns whether each row written was new: a statement does
-- not see its own rows. (It reads a temporary table, so it cannot be prepared
-- before that is there.)
-- exec: run
INSERT INTO decision AS d (day, id, task_id, step_id, decided_at, bundle_id, policy, plan, live,
  propensity, feature_schema, features, p_success, p_low, p_high,
  expected_cost_pusd, bound_by, reasons)
SELECT DISTINCT ON (day, id) day, id, task_id, step_id, decided_at, bundle_id, policy, plan, live,
  propensity, feature_schema, features, p_success, p_low, p_high,
  expected_cost_pusd, bound_by, reasons
FROM decision_stage s
ORDER BY day, id, ROW(task_id, step_id, decided_at, bundle_id, policy, plan, live,
  propensity, feature_schema, features, p_success, p_low, p_high,
  expected_cost_pusd, bound_by, reasons)::text COLLATE "C" DESC
ON CONFLICT (day, id) DO UPDATE SET
  task_id = excluded.task_id, step_id = excluded.step_id,
  decided_at = excluded.decided_at, bundle_id = excluded.bundle_id,
  policy = excluded.policy, plan = excluded.plan, live = excluded.live,
  propensity = excluded.propensity, feature_schema = excluded.feature_schema,
  features = excluded.features, p_success = excluded.p_success,
  p_low = excluded.p_low, p_high = excluded.p_high,
  expected_cost_pusd = excluded.expected_cost_pusd,
  bound_by = excluded.bound_by, reasons = excluded.reasons
WHERE ROW(d.task_id, d.step_id, d.decided_at, d.bundle_id, d.policy, d.plan, d.live,
    d.propensity, d.feature_schema, d.features, d.p_success, d.p_low, d.p_high,
    d.expected_cost_pusd, d.bound_by, d.reasons)::text COLLATE "C"
  < ROW(excluded.task_id, excluded.step_id, excluded.decided_at,
    excluded.bundle_id, excluded.policy, excluded.plan, excluded.live,
    excluded.propensity, excluded.feature_schema, excluded.features,
    excluded.p_success, excluded.p_low, excluded.p_high,
    excluded.expected_cost_pusd, excluded.bound_by, excluded.reasons)::text COLLATE "C"
RETURNING NOT EXISTS (SELECT FROM decision o WHERE o.day = d.day AND o.id = d.id) AS is_new
