-- The days that hold calls in a span of time, and how many by the sums of the
-- day: since, until (both or either may be NULL; day 0, of calls without a
-- date, only if both are).
-- params: timestamptz, timestamptz
SELECT (bucket AT TIME ZONE 'UTC')::date AS day, sum(attempts)::bigint AS n
FROM attempt_rollup
WHERE grain = 'day'
  AND ($1::timestamptz IS NULL OR bucket > $1 - interval '1 day')
  AND ($2::timestamptz IS NULL OR bucket < $2)
  AND (bucket <> '1970-01-01Z' OR ($1 IS NULL AND $2 IS NULL))
GROUP BY 1
HAVING sum(attempts) > 0
ORDER BY 1
