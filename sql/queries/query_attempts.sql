-- The attempts of a task ($1) in the order of their start, at most $2. Only
-- the days from $3 to $4 are looked at, and what has no date.
-- params: uuid, bigint, date, date
SELECT a.day, a.id AS attempt_id, a.task_id, a.step_id, a.attempt_no,
  a.started_at, a.first_token_at, a.ended_at, a.received_at, m.provider,
  r.name AS requested_model, m.name AS model, a.tier,
  a.uncached_in, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output,
  a.reasoning, a.audio_in, a.audio_out, a.web_search, a.other_tools,
  a.cost_pusd, a.price_id, a.reported_cost_pusd, a.status,
  fin.name AS finish_reason, er.name AS error_class, st.name AS service_tier,
  a.quality AS usage_quality, src.name AS source, a.escalated_from,
  a.decision_id
FROM attempt a
JOIN model m ON m.id = a.model_id
JOIN dict src ON src.id = a.source_id
LEFT JOIN model r ON r.id = a.requested_model_id
LEFT JOIN dict fin ON fin.id = a.finish_id
LEFT JOIN dict er ON er.id = a.error_id
LEFT JOIN dict st ON st.id = a.service_tier_id
WHERE a.task_id = $1::uuid
  AND (a.day BETWEEN $3 AND $4 OR a.day = '1970-01-01')
ORDER BY a.started_at NULLS LAST, a.attempt_no, a.id
LIMIT $2::bigint;
