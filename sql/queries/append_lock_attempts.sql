-- The rows that a batch meets again, locked until its end.
-- params: date[], uuid[]
SELECT a.day, a.id, a.task_id, a.step_id, a.step_day, a.model_id, a.requested_model_id, a.tier,
  a.attempt_no, a.status, a.quality, a.started_at, a.first_token_at, a.ended_at,
  a.received_at, a.uncached_in, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output,
  a.reasoning, a.audio_in, a.audio_out, a.web_search, a.other_tools, a.cost_pusd, a.price_id,
  a.reported_cost_pusd, a.source_id, a.finish_id, a.error_id, a.service_tier_id,
  a.escalated_from, a.decision_id, a.prov, a.keys, a.evidence
FROM unnest($1::date[], $2::uuid[]) AS k (day, id)
JOIN attempt a ON a.day = k.day AND a.id = k.id
ORDER BY a.day, a.id
FOR NO KEY UPDATE OF a
