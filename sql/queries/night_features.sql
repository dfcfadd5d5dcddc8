-- The features of tasks that version $1 decided by what it learned from $2 to
-- $3, of the schema $4: the first that were seen in each hour, so that all
-- hours count alike, and one of each task. Decisions of the versions that it
-- differs from by its calibrations only are its own.
-- params: integer, timestamptz, timestamptz, uuid
WITH RECURSIVE same AS (
  SELECT $1::integer AS id
  UNION
  SELECT (b.certificate #>> '{calibration,of}')::integer
  FROM same JOIN bundle b ON b.id = same.id
  WHERE b.certificate #>> '{calibration,of}' IS NOT NULL
)
SELECT DISTINCT ON (s.task_id) s.features, s.decided_at
FROM generate_series($2::timestamptz, $3::timestamptz, interval '1 hour') AS h(at)
CROSS JOIN LATERAL (
  SELECT d.task_id, d.features, d.decided_at FROM decision d
  WHERE d.decided_at >= h.at AND d.decided_at < h.at + interval '1 hour'
    AND d.day BETWEEN (h.at AT TIME ZONE 'UTC')::date
      AND ((h.at + interval '1 hour') AT TIME ZONE 'UTC')::date
    AND d.bundle_id IN (SELECT id FROM same) AND d.policy = 'learned'
    AND d.feature_schema = $4::uuid AND d.features IS NOT NULL
  ORDER BY d.decided_at LIMIT 20) s
ORDER BY s.task_id, s.decided_at
