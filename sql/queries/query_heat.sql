-- Spend by the hour from $1 to $2. $3..$5: only this class, agent, team.
-- Columns: bucket, cost_pusd.
-- params: timestamptz, timestamptz, integer, integer, integer
SELECT bucket, sum(cost_pusd) AS cost_pusd
FROM attempt_rollup
WHERE grain = 'hour' AND bucket >= $1 AND bucket < $2
  AND ($3::integer IS NULL OR class_id = $3) AND ($4::integer IS NULL OR agent_id = $4)
  AND ($5::integer IS NULL OR team_id = $5)
GROUP BY bucket
HAVING sum(cost_pusd) <> 0;
