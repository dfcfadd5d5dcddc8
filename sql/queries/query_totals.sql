-- The figures in the header of every screen: sums of attempts over a span of
-- time and over today, and how fresh the ledger is. A span is given by its six
-- edges (query_edges() in ledger/query.c): minutes, hours, days, hours, minutes,
-- so that sums are exact to the minute and few rows are read.
-- $1..$6 edges of the span, $7..$12 of today.
-- Columns: attempts, errors, unpriced, unattributed, cost_pusd, undated
-- (attempts without a date within the span), undated_pusd, today_pusd,
-- oldest_at, newest_at (NULL in an empty ledger; 1970 when all is undated; what
-- is older than two days is known to the end of a task).
-- params: timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
WITH span AS (
  SELECT class_id, bucket, attempts, errors, unpriced, cost_pusd FROM attempt_rollup
  WHERE grain = 'minute' AND bucket >= $1 AND bucket < $2
  UNION ALL
  SELECT class_id, bucket, attempts, errors, unpriced, cost_pusd FROM attempt_rollup
  WHERE grain = 'hour' AND bucket >= $2 AND bucket < $3
  UNION ALL
  SELECT class_id, bucket, attempts, errors, unpriced, cost_pusd FROM attempt_rollup
  WHERE grain = 'day' AND bucket >= $3 AND bucket < $4
  UNION ALL
  SELECT class_id, bucket, attempts, errors, unpriced, cost_pusd FROM attempt_rollup
  WHERE grain = 'hour' AND bucket >= $4 AND bucket < $5
  UNION ALL
  SELECT class_id, bucket, attempts, errors, unpriced, cost_pusd FROM attempt_rollup
  WHERE grain = 'minute' AND bucket >= $5 AND bucket < $6
), today AS (
  SELECT cost_pusd FROM attempt_rollup
  WHERE grain = 'minute' AND bucket >= $7 AND bucket < $8
  UNION ALL
  SELECT cost_pusd FROM attempt_rollup
  WHERE grain = 'hour' AND bucket >= $8 AND bucket < $9
  UNION ALL
  SELECT cost_pusd FROM attempt_rollup
  WHERE grain = 'day' AND bucket >= $9 AND bucket < $10
  UNION ALL
  SELECT cost_pusd FROM attempt_rollup
  WHERE grain = 'hour' AND bucket >= $10 AND bucket < $11
  UNION ALL
  SELECT cost_pusd FROM attempt_rollup
  WHERE grain = 'minute' AND bucket >= $11 AND bucket < $12
)
SELECT s.*, (SELECT coalesce(sum(cost_pusd), 0) FROM today) AS today_pusd,
  (SELECT min(bucket) FROM attempt_rollup
    WHERE grain = 'day' AND bucket > '1970-01-02 00:00Z') AS oldest_at,
  greatest(
    (SELECT max(bucket) FROM attempt_rollup WHERE grain = 'day'),
    (SELECT max(bucket) FROM attempt_rollup
      WHERE grain = 'minute' AND bucket >= $7 - interval '1 day'),
    (SELECT max(ended_at) FROM (SELECT ended_at FROM task
      WHERE started_at IS NOT NULL ORDER BY started_at DESC LIMIT 50) latest)
  ) AS newest_at
FROM (SELECT coalesce(sum(attempts), 0)::bigint AS attempts,
    coalesce(sum(errors), 0)::bigint AS errors,
    coalesce(sum(unpriced), 0)::bigint AS unpriced,
    coalesce(sum(attempts) FILTER (WHERE class_id = (SELECT id FROM dict
      WHERE kind = 'class' AND name = 'unattributed')), 0)::bigint
      AS unattributed,
    coalesce(sum(cost_pusd), 0) AS cost_pusd,
    coalesce(sum(attempts) FILTER (WHERE bucket < '1970-01-02 00:00Z'), 0)::bigint
      AS undated,
    coalesce(sum(cost_pusd) FILTER (WHERE bucket < '1970-01-02 00:00Z'), 0)
      AS undated_pusd
  FROM span) s;
