-- Tasks that started on one day, and the sums of their attempts: how many
-- differ, and one of them. Attempts are no older than their task, or undated.
-- params: date
WITH t AS (
  SELECT id, ARRAY[attempts, errors, unpriced, escalations, routed,
    escalations_routed, uncached_in,
    cache_read, cache_write_5m, cache_write_1h, output, reasoning,
    cost_pusd]::numeric[] AS sums
  FROM task
  WHERE started_at >= $1::date::timestamp AT TIME ZONE 'UTC'
      AND started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
    OR $1::date = '1970-01-01' AND started_at IS NULL AND attempts > 0
), s AS (
  SELECT a.task_id AS id, ARRAY[count(*), count(*) FILTER (WHERE a.status <> 'ok'),
    count(*) FILTER (WHERE a.cost_pusd IS NULL), count(a.escalated_from),
    count(a.decision_id),
    count(*) FILTER (WHERE a.escalated_from IS NOT NULL AND a.decision_id IS NOT NULL),
    coalesce(sum(a.uncached_in), 0),
    coalesce(sum(a.cache_read), 0), coalesce(sum(a.cache_write_5m), 0),
    coalesce(sum(a.cache_write_1h), 0), coalesce(sum(a.output), 0),
    coalesce(sum(a.reasoning), 0), coalesce(sum(a.cost_pusd), 0)]::numeric[] AS sums
  FROM attempt a
  WHERE (a.day >= $1::date OR a.day = '1970-01-01')
    AND a.task_id IN (SELECT id FROM t)
  GROUP BY 1
)
SELECT count(*), min(format('task %s: kept %s, recomputed %s', t.id, t.sums,
    coalesce(s.sums::text, 'nothing')))
FROM t LEFT JOIN s USING (id)
WHERE t.sums <> coalesce(s.sums, array_fill(0::numeric, ARRAY[13]))
