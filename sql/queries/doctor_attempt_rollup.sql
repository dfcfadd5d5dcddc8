-- Sums of the attempts of one day, as kept and as recomputed: in how many
-- groups they differ, and one of them. $1 day, $2 grain.
-- params: date, text
WITH expected AS (
  SELECT coalesce(date_trunc($2::text, a.started_at, 'UTC'),
      timestamptz '1970-01-01 00:00Z') AS bucket,
    t.class_id, t.agent_id, t.team_id, a.model_id,
    coalesce(a.tier, 0)::smallint AS tier,
    ARRAY[count(*), count(*) FILTER (WHERE a.status <> 'ok'),
      count(*) FILTER (WHERE a.cost_pusd IS NULL), count(a.escalated_from),
      coalesce(sum(a.uncached_in), 0), coalesce(sum(a.cache_read), 0),
      coalesce(sum(a.cache_write_5m), 0), coalesce(sum(a.cache_write_1h), 0),
      coalesce(sum(a.output), 0), coalesce(sum(a.reasoning), 0),
      coalesce(sum(a.cost_pusd), 0)]::numeric[] AS sums
  FROM attempt a JOIN task t ON t.id = a.task_id
  WHERE a.day = $1::date
  GROUP BY 1, 2, 3, 4, 5, 6
), kept AS (
  SELECT bucket, class_id, agent_id, team_id, model_id, tier,
    ARRAY[sum(attempts), sum(errors), sum(unpriced), sum(escalations),
      sum(uncached_in), sum(cache_read), sum(cache_write_5m),
      sum(cache_write_1h), sum(output), sum(reasoning),
      sum(cost_pusd)]::numeric[] AS sums
  FROM attempt_rollup
  WHERE grain = $2::text::rollup_grain
    AND bucket >= $1::date::timestamp AT TIME ZONE 'UTC'
    AND bucket < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
  GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT count(*), min(format('%s, task class %s, model %s: kept %s, recomputed %s',
    to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), c.name, m.name,
    coalesce(k.sums::text, 'nothing'),
    coalesce(e.sums::text, 'nothing')))
FROM expected e
FULL JOIN kept k USING (bucket, class_id, agent_id, team_id, model_id, tier)
LEFT JOIN dict c ON c.id = class_id
LEFT JOIN model m ON m.id = model_id
WHERE coalesce(e.sums, array_fill(0::numeric, ARRAY[11]))
  <> coalesce(k.sums, array_fill(0::numeric, ARRAY[11]))
