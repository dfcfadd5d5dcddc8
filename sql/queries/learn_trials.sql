-- Trials to learn from, the latest first. $1 since and $2 until (exclusive) on
-- the time they are of, NULL = none; undated ones count as of their arrival. $3
-- rows.
-- params: timestamptz, timestamptz, bigint
SELECT source, task_ext_id, task_class, model, success_micro, cost_pusd,
  cost_estimated, coalesce(at, received_at) AS at, feature_schema, features,
  coalesce(attrs ->> 'repo', attrs ->> 'repository') AS repo, evidence
FROM trial
WHERE ($1::timestamptz IS NULL OR coalesce(at, received_at) >= $1)
  AND ($2::timestamptz IS NULL OR coalesce(at, received_at) < $2)
ORDER BY coalesce(at, received_at) DESC, source COLLATE "C",
  task_ext_id COLLATE "C", id
LIMIT $3::bigint
