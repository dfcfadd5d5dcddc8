-- Letters that wait, grouped by their reason; numbers in it, and what a row
-- held, do not tell apart.
-- params: timestamptz, text
SELECT count(*), max(received_at), kind, source, coalesce(sqlstate, ''),
  (array_agg(short ORDER BY received_at DESC, id))[1],
  (array_agg(id ORDER BY received_at DESC, id))[1]
FROM (
  SELECT *, regexp_replace(reason, ' \(Failing row contains.*$', '') AS short
  FROM dead_letter
) d
WHERE replayed_at IS NULL AND received_at >= coalesce($1::timestamptz, '-infinity')
  AND position(lower($2::text) IN lower(reason)) > 0
GROUP BY kind, source, sqlstate, regexp_replace(short, '[0-9]+', '#', 'g')
ORDER BY count(*) DESC, max(received_at) DESC, 6
LIMIT 1000
