-- exec: run
COPY decision_stage (day, id, task_id, step_id, decided_at, bundle_id, policy, plan, live,
  propensity, feature_schema, features, p_success, p_low, p_high,
  expected_cost_pusd, bound_by, reasons)
FROM STDIN (FORMAT binary)
