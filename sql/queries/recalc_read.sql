-- Calls of one day with all that prices them, in the order of their ids: day,
-- the id to go on from, how many; since, until, model (name or
-- provider/name), each may be NULL.
-- params: date, uuid, bigint, timestamptz, timestamptz, text
SELECT a.id, a.task_id, a.cost_pusd, a.price_id, a.status = 'error' AS failed,
  m.provider, m.name, st.name AS service_tier, a.started_at,
  aco_is_aggregate(a.quality, a.prov) AS aggregate, a.uncached_in, a.cache_read,
  a.cache_write_5m, a.cache_write_1h, a.output, a.reasoning,
  a.audio_in, a.audio_out, a.web_search, a.other_tools
FROM attempt a
JOIN model m ON m.id = a.model_id
LEFT JOIN dict st ON st.id = a.service_tier_id
WHERE a.day = $1::date AND a.id > $2::uuid
  AND ($4::timestamptz IS NULL OR a.started_at >= $4)
  AND ($5::timestamptz IS NULL OR a.started_at < $5)
  AND ($6::text IS NULL OR m.name = $6 OR m.provider || '/' || m.name = $6)
ORDER BY a.id
LIMIT $3::bigint
