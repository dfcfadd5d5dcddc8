-- Add versions of prices: an array of objects, in order. A missing member is
-- not known. Rows are only ever added.
-- params: text
INSERT INTO price (source, source_date, provider, model, mode, valid_from,
  utc_window, deprecated, input_fusd, output_fusd, cache_read_fusd,
  cache_write_5m_fusd, cache_write_1h_fusd, reasoning_fusd, audio_in_fusd,
  audio_out_fusd, tier_start_tokens, tier_input_fusd, tier_output_fusd,
  tier_cache_read_fusd, tier_cache_write_5m_fusd, tier_cache_write_1h_fusd,
  batch_input_fusd, batch_output_fusd, flex_input_fusd, flex_output_fusd,
  flex_cache_read_fusd, priority_input_fusd, priority_output_fusd,
  priority_cache_read_fusd, per_request_pusd, web_search_pusd, context_window,
  max_output)
SELECT j.source, j.source_date, j.provider, j.model, j.mode, j.valid_from,
  j.utc_window, j.deprecated, j.input_fusd, j.output_fusd, j.cache_read_fusd,
  j.cache_write_5m_fusd, j.cache_write_1h_fusd, j.reasoning_fusd,
  j.audio_in_fusd, j.audio_out_fusd, j.tier_start_tokens, j.tier_input_fusd,
  j.tier_output_fusd, j.tier_cache_read_fusd, j.tier_cache_write_5m_fusd,
  j.tier_cache_write_1h_fusd, j.batch_input_fusd, j.batch_output_fusd,
  j.flex_input_fusd, j.flex_output_fusd, j.flex_cache_read_fusd,
  j.priority_input_fusd, j.priority_output_fusd, j.priority_cache_read_fusd,
  j.per_request_pusd, j.web_search_pusd, j.context_window, j.max_output
FROM jsonb_to_recordset($1::text::jsonb) AS j (n integer, source text,
  source_date date, provider text, model text, mode text, valid_from date,
  utc_window text, deprecated text, input_fusd bigint, output_fusd bigint,
  cache_read_fusd bigint, cache_write_5m_fusd bigint,
  cache_write_1h_fusd bigint, reasoning_fusd bigint, audio_in_fusd bigint,
  audio_out_fusd bigint, tier_start_tokens bigint, tier_input_fusd bigint,
  tier_output_fusd bigint, tier_cache_read_fusd bigint,
  tier_cache_write_5m_fusd bigint, tier_cache_write_1h_fusd bigint,
  batch_input_fusd bigint, batch_output_fusd bigint, flex_input_fusd bigint,
  flex_output_fusd bigint, flex_cache_read_fusd bigint,
  priority_input_fusd bigint, priority_output_fusd bigint,
  priority_cache_read_fusd bigint, per_request_pusd bigint,
  web_search_pusd bigint, context_window bigint, max_output bigint)
ORDER BY j.n
