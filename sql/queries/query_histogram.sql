-- How many of the newest 5000 tasks of a span cost how much: bin n holds costs
-- from 2^n pico-dollars up to twice that (n is one less than the binary digits
-- of the cost: exact, and far faster than a logarithm). $1 class, $2 agent, $3 team (NULL:
-- any), $4 since, $5 until, $6 undated ones too.
-- Columns: bin, tasks.
-- params: integer, integer, integer, timestamptz, timestamptz, boolean
SELECT length(ltrim(least(cost_pusd, 9e18)::bigint::bit(64)::text, '0')) - 1 AS bin, count(*) AS tasks
FROM ((SELECT cost_pusd
  FROM task
  WHERE attempts > 0 AND ($1::integer IS NULL OR class_id = $1)
    AND ($2::integer IS NULL OR agent_id = $2)
    AND ($3::integer IS NULL OR team_id = $3)
    AND started_at >= $4::timestamptz AND started_at < $5::timestamptz
  ORDER BY started_at DESC
  LIMIT 5000)
  UNION ALL
  (SELECT cost_pusd
  FROM task
  WHERE attempts > 0 AND ($1 IS NULL OR class_id = $1)
    AND ($2 IS NULL OR agent_id = $2) AND ($3 IS NULL OR team_id = $3)
    AND $6::boolean AND started_at IS NULL
  LIMIT 5000)
  LIMIT 5000) newest
WHERE cost_pusd >= 1
GROUP BY 1
ORDER BY 1;
