-- The days that hold steps and overlap [$1, $2), ascending: day. A skip scan:
-- one index probe a day, however many rows it holds.
-- params: timestamptz, timestamptz
WITH RECURSIVE d AS (
  SELECT min(day) AS day FROM step
  UNION ALL
  SELECT (SELECT min(x.day) FROM step x WHERE x.day > d.day)
  FROM d WHERE d.day IS NOT NULL
)
SELECT day FROM d
WHERE day IS NOT NULL
  AND ($1::timestamptz IS NULL OR day >= ($1 AT TIME ZONE 'UTC')::date)
  AND ($2::timestamptz IS NULL OR day <= ($2 AT TIME ZONE 'UTC')::date)
ORDER BY day;
