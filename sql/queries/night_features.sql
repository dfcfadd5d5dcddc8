-- The features of tasks that version $1 decided by what it learned from $2 to
-- $3, of the schema $4: the first that were seen in each hour, so that all
-- hours count alike, and one of each task.
-- params: integer, timestamptz, timestamptz, uuid
SELECT DISTINCT ON (s.task_id) s.features, s.decided_at
FROM generate_series($2::timestamptz, $3::timestamptz, interval '1 hour') AS h(at)
CROSS JOIN LATERAL (
  SELECT d.task_id, d.features, d.decided_at FROM decision d
  WHERE d.decided_at >= h.at AND d.decided_at < h.at + interval '1 hour'
    AND d.day BETWEEN (h.at AT TIME ZONE 'UTC')::date
      AND ((h.at + interval '1 hour') AT TIME ZONE 'UTC')::date
    AND d.bundle_id = $1::integer AND d.policy = 'learned'
    AND d.feature_schema = $4::uuid AND d.features IS NOT NULL
  ORDER BY d.decided_at LIMIT 20) s
ORDER BY s.task_id, s.decided_at
