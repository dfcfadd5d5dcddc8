-- A decision by its id, which tells about when it was made: $2 is that day.
-- params: uuid, date
SELECT d.task_id, d.decided_at, d.bundle_id, d.policy, d.plan, d.live,
  d.propensity, d.bound_by, d.reasons, d.feature_schema, d.features,
  (SELECT n.name FROM task t JOIN dict n ON n.id = t.class_id
    WHERE t.id = d.task_id) AS class
FROM decision d
WHERE d.id = $1::uuid AND d.day BETWEEN $2::date - 1 AND $2::date + 1
