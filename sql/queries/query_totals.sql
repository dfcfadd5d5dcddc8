-- The figures in the header of every screen: sums of attempts over a span of
-- time, and how fresh the ledger is. A span is given by its six edges
-- (query_edges() in ledger/query.c): minutes, hours, days, hours, minutes, so that
-- sums are exact to the minute and few rows are read.
-- $1..$6 edges of the span, $7 how far back to look for the newest minute. All bounds are bare parameters: only then the planner leaves out
-- the days that they do not touch.
-- Columns: attempts, errors, unpriced, unattributed, cost_pusd, undated
-- (attempts without a date within the span), undated_pusd, oldest_at, newest_at (NULL in an empty ledger; 1970 when all is undated; what
-- is older than $7 is known to the end of a task).
-- params: timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
SELECT s.*,
  (SELECT min(bucket) FROM attempt_rollup_day
    WHERE grain = 'day' AND bucket > '1970-01-02 00:00Z') AS oldest_at,
  greatest(
    (SELECT max(bucket) FROM attempt_rollup_day WHERE grain = 'day'),
    (SELECT max(bucket) FROM attempt_rollup_minute
      WHERE grain = 'minute' AND bucket >= $7),
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
  FROM aco_calls($1, $2, $3, $4, $5, $6)) s;
