-- The same for the tasks that started on one day. $1 day, $2 grain.
-- params: date, text
WITH expected AS (
  SELECT coalesce(date_trunc($2::text, t.started_at, 'UTC'),
      timestamptz '1970-01-01 00:00Z') AS bucket,
    t.class_id, t.agent_id, t.team_id,
    ARRAY[count(*), count(t.success_micro), coalesce(sum(t.success_micro), 0),
      count(*) FILTER (WHERE t.routed > 0),
      count(*) FILTER (WHERE t.escalations > 0),
      count(*) FILTER (WHERE t.escalations_routed > 0), sum(t.cost_pusd),
      coalesce(sum(t.cost_pusd) FILTER (WHERE t.success_micro IS NOT NULL), 0)
    ]::numeric[] AS sums
  FROM task t
  WHERE t.attempts > 0
    AND (t.started_at >= $1::date::timestamp AT TIME ZONE 'UTC'
      AND t.started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
      OR $1::date = '1970-01-01' AND t.started_at IS NULL)
  GROUP BY 1, 2, 3, 4
), kept AS (
  SELECT bucket, class_id, agent_id, team_id,
    ARRAY[sum(started), sum(judged), sum(success_micro), sum(routed),
      sum(escalated), sum(escalated_routed), sum(paid_pusd), sum(paid_judged_pusd)]::numeric[] AS sums
  FROM task_rollup
  WHERE grain = $2::text::rollup_grain
    AND bucket >= $1::date::timestamp AT TIME ZONE 'UTC'
    AND bucket < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
  GROUP BY 1, 2, 3, 4
)
SELECT count(*), min(format('%s, task class %s: kept %s, recomputed %s',
    to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), c.name,
    coalesce(k.sums::text, 'nothing'),
    coalesce(e.sums::text, 'nothing')))
FROM expected e
FULL JOIN kept k USING (bucket, class_id, agent_id, team_id)
LEFT JOIN dict c ON c.id = class_id
WHERE coalesce(e.sums, array_fill(0::numeric, ARRAY[8]))
  <> coalesce(k.sums, array_fill(0::numeric, ARRAY[8]))
