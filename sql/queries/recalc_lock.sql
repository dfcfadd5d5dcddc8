-- Calls of one day as they are now, locked; the columns of recalc_read.
-- params: date, uuid[]
SELECT a.id, a.task_id, a.cost_pusd, a.price_id, a.status = 'error' AS failed,
  m.provider, m.name, st.name AS service_tier, a.started_at,
  aco_is_aggregate(a.quality, a.prov) AS aggregate, a.uncached_in,
  a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output, a.reasoning,
  a.audio_in, a.audio_out, a.web_search, a.other_tools
FROM attempt a
JOIN model m ON m.id = a.model_id
LEFT JOIN dict st ON st.id = a.service_tier_id
WHERE a.day = $1::date AND a.id = ANY ($2::uuid[])
ORDER BY a.id
FOR NO KEY UPDATE OF a
