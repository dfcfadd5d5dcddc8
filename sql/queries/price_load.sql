-- Every version of every price, in the order in which they were written.
-- params:
SELECT id, source, source_date, provider, model, mode, valid_from, utc_window,
  deprecated, input_fusd, output_fusd, cache_read_fusd, cache_write_5m_fusd,
  cache_write_1h_fusd, reasoning_fusd, audio_in_fusd, audio_out_fusd,
  tier_start_tokens, tier_input_fusd, tier_output_fusd, tier_cache_read_fusd,
  tier_cache_write_5m_fusd, tier_cache_write_1h_fusd, batch_input_fusd,
  batch_output_fusd, flex_input_fusd, flex_output_fusd, flex_cache_read_fusd,
  priority_input_fusd, priority_output_fusd, priority_cache_read_fusd,
  per_request_pusd, web_search_pusd, context_window, max_output
FROM price ORDER BY id
