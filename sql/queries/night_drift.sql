-- How the probabilities of version $1's decisions hold since $2: judged tasks,
-- the mean that was expected of the tier that served, the mean that came, and
-- the standard error of their difference.
-- params: integer, timestamptz
SELECT count(*), avg(p), avg(s), stddev_samp(s - p) / sqrt(count(*))
FROM (SELECT d.p_success[a.tier]::double precision AS p,
    t.success_micro * 0.000001::double precision AS s
  FROM decision d
  JOIN attempt a ON a.task_id = d.task_id AND a.decision_id = d.id
    AND a.attempt_no = 1
  JOIN task t ON t.id = d.task_id
  WHERE d.bundle_id = $1::integer AND d.decided_at >= $2::timestamptz
    AND d.day >= ($2 AT TIME ZONE 'UTC')::date
    AND t.success_micro IS NOT NULL AND a.tier IS NOT NULL) AS judged
WHERE p IS NOT NULL AND p <> 'NaN'
