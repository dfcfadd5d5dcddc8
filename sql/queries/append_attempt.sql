-- New rows of the ledger.
-- exec: run
COPY attempt (day, id, task_id, step_id, step_day, model_id, requested_model_id, tier,
  attempt_no, status, quality, started_at, first_token_at, ended_at,
  received_at, uncached_in, cache_read, cache_write_5m, cache_write_1h, output,
  reasoning, audio_in, audio_out, web_search, other_tools, cost_pusd, price_id,
  reported_cost_pusd, source_id, finish_id, error_id, service_tier_id,
  escalated_from, decision_id, prov, keys, evidence)
FROM STDIN (FORMAT binary)
