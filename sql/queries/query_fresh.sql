-- How fresh the ledger is, for the header of every screen. $1: how far back to
-- look for the newest minute, a bare parameter: only then the planner leaves out
-- the days before it.
-- Columns: oldest_at, newest_at (NULL in an empty ledger; 1970 when all is
-- undated; what is older than $1 is known to the end of a task).
-- params: timestamptz
SELECT (SELECT min(bucket) FROM attempt_rollup_day
    WHERE grain = 'day' AND bucket > '1970-01-02 00:00Z') AS oldest_at,
  greatest(
    (SELECT max(bucket) FROM attempt_rollup_day WHERE grain = 'day'),
    (SELECT max(bucket) FROM attempt_rollup_minute
      WHERE grain = 'minute' AND bucket >= $1),
    (SELECT max(ended_at) FROM (SELECT ended_at FROM task
      WHERE started_at IS NOT NULL ORDER BY started_at DESC LIMIT 50) latest)
  ) AS newest_at;
