-- Judged tasks of class $2 and day $1, at most $3 of them: a row for each model
-- whose verdict on the task is known, those that served in the order of their
-- ends, then trials. A model that was escalated from failed. Chances and costs
-- by tier are those of the task's first decision that has them.
-- Columns: task, success_micro, paid_pusd, model, tier, arm_success_micro,
-- arm_pusd, propensity, p_success, expected_pusd, is_trial.
-- params: date, integer, bigint
WITH judged AS (
  SELECT t.id, t.ext_id, t.success_micro, CASE WHEN t.unpriced = 0
    AND t.cost_pusd <= 9223372036854775807 THEN t.cost_pusd::bigint END AS paid_pusd
  FROM task t
  WHERE t.class_id = $2::integer AND t.success_micro IS NOT NULL AND t.attempts > 0
    AND t.started_at >= ($1::date)::timestamp AT TIME ZONE 'UTC'
    AND t.started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
  ORDER BY t.id LIMIT $3::bigint
), served AS (
  SELECT a.task_id, a.model_id, max(a.tier) AS tier, sum(a.cost_pusd) AS cost_pusd,
    bool_or(a.cost_pusd IS NULL) AS unpriced, max(a.ended_at) AS ended_at,
    (array_agg(a.decision_id ORDER BY a.started_at)
      FILTER (WHERE a.decision_id IS NOT NULL))[1] AS decision_id,
    bool_or(EXISTS (SELECT FROM attempt up WHERE up.task_id = a.task_id
      AND position(uuid_send(up.escalated_from) IN a.keys) > 0)) AS failed
  FROM attempt a JOIN judged j ON j.id = a.task_id
  WHERE a.status = 'ok'
  GROUP BY a.task_id, a.model_id
), told AS (
  SELECT j.id, m.name, s.tier, CASE WHEN s.failed THEN 0 ELSE j.success_micro END AS good,
    CASE WHEN NOT s.unpriced THEN s.cost_pusd::bigint END AS pusd,
    s.decision_id, s.ended_at, false AS is_trial
  FROM judged j JOIN served s ON s.task_id = j.id JOIN model m ON m.id = s.model_id
  UNION ALL
  SELECT j.id, r.model, (SELECT max(m.tier) FROM model m WHERE m.name = r.model),
    r.success_micro, r.cost_pusd, NULL, NULL, true
  FROM judged j JOIN trial r ON r.task_ext_id = j.ext_id
  WHERE r.success_micro IS NOT NULL AND r.cost_pusd IS NOT NULL
)
SELECT j.id, j.success_micro, j.paid_pusd, x.name, x.tier, x.good, x.pusd,
  coalesce(chose.propensity, 1), first.p_success, first.expected, x.is_trial
FROM judged j JOIN told x ON x.id = j.id
LEFT JOIN LATERAL (SELECT d.p_success, d.expected_cost_pusd::real[] AS expected
  FROM decision d WHERE d.task_id = j.id AND d.p_success IS NOT NULL
  ORDER BY d.decided_at, d.id LIMIT 1) first ON true
LEFT JOIN LATERAL (SELECT d.propensity FROM decision d
  WHERE d.task_id = j.id AND d.id = x.decision_id AND d.live LIMIT 1) chose ON true
ORDER BY j.id, x.is_trial, x.ended_at NULLS FIRST, x.name COLLATE "C"
