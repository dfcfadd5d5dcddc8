-- The fleet by task class over a span of time: attempts by their own start,
-- tasks by theirs. $1..$6: the six edges of the span (query_totals.sql).
-- params: timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
WITH a AS (
  SELECT class_id, attempts, errors, unpriced, uncached_in, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, cost_pusd FROM attempt_rollup
  WHERE grain = 'minute' AND bucket >= $1 AND bucket < $2
  UNION ALL
  SELECT class_id, attempts, errors, unpriced, uncached_in, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, cost_pusd FROM attempt_rollup
  WHERE grain = 'hour' AND bucket >= $2 AND bucket < $3
  UNION ALL
  SELECT class_id, attempts, errors, unpriced, uncached_in, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, cost_pusd FROM attempt_rollup
  WHERE grain = 'day' AND bucket >= $3 AND bucket < $4
  UNION ALL
  SELECT class_id, attempts, errors, unpriced, uncached_in, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, cost_pusd FROM attempt_rollup
  WHERE grain = 'hour' AND bucket >= $4 AND bucket < $5
  UNION ALL
  SELECT class_id, attempts, errors, unpriced, uncached_in, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, cost_pusd FROM attempt_rollup
  WHERE grain = 'minute' AND bucket >= $5 AND bucket < $6
), t AS (
  SELECT class_id, started, judged, success_micro, routed, escalated,
    paid_pusd, paid_judged_pusd FROM task_rollup
  WHERE grain = 'minute' AND bucket >= $1 AND bucket < $2
  UNION ALL
  SELECT class_id, started, judged, success_micro, routed, escalated,
    paid_pusd, paid_judged_pusd FROM task_rollup
  WHERE grain = 'hour' AND bucket >= $2 AND bucket < $3
  UNION ALL
  SELECT class_id, started, judged, success_micro, routed, escalated,
    paid_pusd, paid_judged_pusd FROM task_rollup
  WHERE grain = 'day' AND bucket >= $3 AND bucket < $4
  UNION ALL
  SELECT class_id, started, judged, success_micro, routed, escalated,
    paid_pusd, paid_judged_pusd FROM task_rollup
  WHERE grain = 'hour' AND bucket >= $4 AND bucket < $5
  UNION ALL
  SELECT class_id, started, judged, success_micro, routed, escalated,
    paid_pusd, paid_judged_pusd FROM task_rollup
  WHERE grain = 'minute' AND bucket >= $5 AND bucket < $6
)
SELECT class.id AS class_id, class.name AS task_class,
  coalesce(ts.started, 0)::bigint AS tasks,
  coalesce(ts.judged, 0)::bigint AS judged,
  coalesce(ts.success_micro, 0)::bigint AS success_micro,
  coalesce(ts.routed, 0)::bigint AS routed,
  coalesce(ts.escalated, 0)::bigint AS escalated,
  coalesce(ts.paid_pusd, 0) AS paid_pusd,
  coalesce(ts.paid_judged_pusd, 0) AS paid_judged_pusd,
  coalesce(s.attempts, 0)::bigint AS attempts,
  coalesce(s.errors, 0)::bigint AS errors,
  coalesce(s.unpriced, 0)::bigint AS unpriced,
  coalesce(s.uncached_in, 0)::bigint AS uncached_in,
  coalesce(s.cache_read, 0)::bigint AS cache_read,
  coalesce(s.cache_write_5m, 0)::bigint AS cache_write_5m,
  coalesce(s.cache_write_1h, 0)::bigint AS cache_write_1h,
  coalesce(s.output, 0)::bigint AS output,
  coalesce(s.reasoning, 0)::bigint AS reasoning,
  coalesce(s.cost_pusd, 0) AS cost_pusd
FROM (SELECT class_id, sum(attempts) AS attempts, sum(errors) AS errors,
    sum(unpriced) AS unpriced, sum(uncached_in) AS uncached_in,
    sum(cache_read) AS cache_read, sum(cache_write_5m) AS cache_write_5m,
    sum(cache_write_1h) AS cache_write_1h, sum(output) AS output,
    sum(reasoning) AS reasoning, sum(cost_pusd) AS cost_pusd
  FROM a GROUP BY class_id) s
FULL JOIN (SELECT class_id, sum(started) AS started, sum(judged) AS judged,
    sum(success_micro) AS success_micro, sum(routed) AS routed,
    sum(escalated) AS escalated, sum(paid_pusd) AS paid_pusd,
    sum(paid_judged_pusd) AS paid_judged_pusd
  FROM t GROUP BY class_id) ts USING (class_id)
JOIN dict class ON class.id = class_id
WHERE s.attempts <> 0 OR ts.started <> 0
ORDER BY class.name;
