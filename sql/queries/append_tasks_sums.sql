-- Sums of the attempts of tasks that change team, agent or class, in the
-- buckets in which the rollups hold them.
-- params: uuid[]
SELECT a.task_id,
  coalesce(date_trunc('minute', a.started_at), '1970-01-01Z'::timestamptz),
  a.model_id, coalesce(a.tier, 0)::smallint, count(*),
  count(*) FILTER (WHERE a.status <> 'ok'),
  count(*) FILTER (WHERE a.cost_pusd IS NULL),
  count(a.escalated_from), coalesce(sum(a.uncached_in), 0)::bigint,
  coalesce(sum(a.cache_read), 0)::bigint,
  coalesce(sum(a.cache_write_5m), 0)::bigint,
  coalesce(sum(a.cache_write_1h), 0)::bigint,
  coalesce(sum(a.output), 0)::bigint, coalesce(sum(a.reasoning), 0)::bigint,
  coalesce(sum(a.cost_pusd), 0)
FROM attempt a WHERE a.task_id = ANY ($1::uuid[])
GROUP BY 1, 2, 3, 4
