-- How the probabilities of version $1's decisions hold since $2, by class and
-- whether the request had features: judged tasks, the sums of what was expected
-- of the tier that served and of what came, and of the squares of their
-- differences. A task counts once, however many steps it has, by its first
-- decision; a model that was escalated from failed, as learning has it
-- (learn_tasks.sql).
-- params: integer, timestamptz
WITH first AS (
  SELECT DISTINCT ON (d.task_id) d.task_id, a.model_id, t.success_micro,
    t.class_id, d.features IS NULL AS blind,
    d.p_success[a.tier]::double precision AS p
  FROM decision d
  JOIN attempt a ON a.task_id = d.task_id AND a.decision_id = d.id
    AND a.attempt_no = 1
  JOIN task t ON t.id = d.task_id
  WHERE d.bundle_id = $1::integer AND d.decided_at >= $2::timestamptz
    AND d.day >= ($2 AT TIME ZONE 'UTC')::date
    AND t.success_micro IS NOT NULL AND a.tier IS NOT NULL
  ORDER BY d.task_id, d.decided_at, a.started_at, a.id
)
SELECT class.name, blind, count(*), sum(p), sum(s), sum((s - p) * (s - p))
FROM (SELECT f.class_id, f.blind, f.p,
    CASE WHEN EXISTS (SELECT FROM attempt up
        JOIN attempt_key k ON k.hash = up.escalated_from
          AND k.day BETWEEN up.day - 1 AND up.day + 1
        JOIN attempt was ON was.day = k.attempt_day AND was.id = k.attempt_id
        WHERE up.task_id = f.task_id AND up.escalated_from IS NOT NULL
          AND was.model_id = f.model_id)
      THEN 0 ELSE f.success_micro * 0.000001::double precision END AS s
  FROM first f
  WHERE f.p IS NOT NULL AND f.p <> 'NaN') AS judged
LEFT JOIN dict class ON class.id = judged.class_id
GROUP BY class.name, blind
