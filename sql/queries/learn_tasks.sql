-- Judged tasks to learn from, a row for each model that served one, the latest
-- first. $1 since and $2 until (exclusive) on a task's start, NULL = none; $3
-- tasks. A model that was escalated from failed. The features are those of the
-- first decision of the task, the propensity that of the one that chose the
-- model; the evidence that of the model's last reply. The model's part of the
-- run, step by step: kinds (place in step_kind, from 0; -1: not known), failed
-- (1, 0, -1: not known) and output tokens (-1: not known), at most 4096 of each;
-- and how its last call ended. The task's own columns come by its key at the
-- end, since nobody can tell how few rows an aggregate leaves: joined to all of
-- judged, each of them may look at each of the others.
-- params: timestamptz, timestamptz, bigint
WITH judged AS (
  SELECT t.id
  FROM task t
  WHERE t.success_micro IS NOT NULL AND t.attempts > 0
    AND ($1::timestamptz IS NULL OR t.started_at >= $1)
    AND ($2::timestamptz IS NULL OR t.started_at < $2)
  ORDER BY t.started_at DESC NULLS LAST, t.id
  LIMIT $3::bigint
), turn AS (
  SELECT a.task_id, a.model_id, a.step_id, a.step_day,
    min(coalesce(a.started_at, a.received_at)) AS at,
    sum(a.output) AS output,
    (array_agg(CASE WHEN a.status = 'ok' THEN finish.name ELSE a.status::text END
      ORDER BY a.started_at DESC NULLS LAST))[1] AS ended,
    count(*) FILTER (WHERE a.status = 'ok') AS served,
    sum(a.cost_pusd) FILTER (WHERE a.status = 'ok') AS cost_pusd,
    count(*) FILTER (WHERE a.status = 'ok' AND a.cost_pusd IS NULL) AS unpriced,
    min(a.started_at) FILTER (WHERE a.status = 'ok' AND a.decision_id IS NOT NULL)
      AS decided_at,
    (array_agg(a.decision_id ORDER BY a.started_at)
      FILTER (WHERE a.status = 'ok' AND a.decision_id IS NOT NULL))[1] AS decision_id
  FROM attempt a JOIN judged j ON j.id = a.task_id
  LEFT JOIN dict finish ON finish.id = a.finish_id
  GROUP BY a.task_id, a.model_id, a.step_id, a.step_day
), run AS (
  SELECT u.task_id, u.model_id,
    array_agg(CASE WHEN st.kind <> 'other' OR st.tool_id IS NOT NULL
      THEN array_position(enum_range(NULL::step_kind), st.kind) - 1 ELSE -1 END::real
      ORDER BY st.seq NULLS LAST, u.at, u.step_id) AS kinds,
    array_agg(coalesce(st.failed::integer, -1)::real
      ORDER BY st.seq NULLS LAST, u.at, u.step_id) AS failed,
    array_agg(coalesce(u.output, -1)::real
      ORDER BY st.seq NULLS LAST, u.at, u.step_id) AS output,
    (array_agg(u.ended ORDER BY st.seq DESC NULLS LAST, u.at DESC, u.step_id DESC))[1]
      AS ended,
    sum(u.cost_pusd) AS cost_pusd,
    sum(u.unpriced) > 0 AS unpriced,
    (array_agg(u.decision_id ORDER BY u.decided_at)
      FILTER (WHERE u.decision_id IS NOT NULL))[1] AS decision_id
  FROM turn u LEFT JOIN step st ON st.day = u.step_day AND st.id = u.step_id
  GROUP BY u.task_id, u.model_id
  HAVING sum(u.served) > 0
)
SELECT j.id, class.name AS task_class, m.name AS model,
  CASE WHEN EXISTS (SELECT FROM attempt up
      JOIN attempt_key k ON k.hash = up.escalated_from
        AND k.day BETWEEN up.day - 1 AND up.day + 1
      JOIN attempt was ON was.day = k.attempt_day AND was.id = k.attempt_id
      WHERE up.task_id = j.id AND up.escalated_from IS NOT NULL
        AND was.model_id = run.model_id)
    THEN 0 ELSE j.success_micro END AS success_micro,
  CASE WHEN run.unpriced THEN NULL ELSE run.cost_pusd::bigint END AS cost_pusd,
  j.started_at, first.feature_schema, first.features,
  coalesce(chose.propensity, 1) AS propensity,
  (SELECT a.evidence FROM attempt a WHERE a.task_id = j.id
    AND a.model_id = run.model_id AND a.evidence IS NOT NULL
    ORDER BY a.started_at DESC LIMIT 1) AS evidence,
  coalesce(j.attrs ->> 'repo', j.attrs ->> 'cwd') AS repo, m.provider,
  run.kinds[:4096] AS kinds, run.failed[:4096] AS failed, run.output[:4096] AS output,
  run.ended
FROM run
JOIN task j ON j.id = run.task_id
JOIN dict class ON class.id = j.class_id
JOIN model m ON m.id = run.model_id
LEFT JOIN LATERAL (SELECT d.feature_schema, d.features FROM decision d
  WHERE d.task_id = j.id AND d.features IS NOT NULL
  ORDER BY d.decided_at LIMIT 1) first ON true
LEFT JOIN LATERAL (SELECT d.propensity FROM decision d
  WHERE d.task_id = j.id AND d.id = run.decision_id AND d.live LIMIT 1) chose ON true
ORDER BY j.started_at DESC NULLS LAST, j.id, m.name COLLATE "C"
