-- Add to the sums of attempts, in this writer's slot.
-- params: text[], timestamptz[], smallint[], integer[], integer[], integer[], integer[], smallint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], numeric[]
INSERT INTO attempt_rollup AS r (grain, bucket, slot, class_id, agent_id, team_id,
  model_id, tier, attempts, errors, unpriced, escalations, uncached_in,
  cache_read, cache_write_5m, cache_write_1h, output, reasoning, cost_pusd)
SELECT g::rollup_grain, b, s, c, a, t, m, ti, n, e, u, es, ui, cr, w5, w1, o, re, co
FROM unnest($1::text[], $2::timestamptz[], $3::smallint[], $4::integer[],
  $5::integer[], $6::integer[], $7::integer[], $8::smallint[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
  $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
  $17::bigint[], $18::bigint[], $19::numeric[]) AS x (g, b, s, c, a, t, m, ti, n, e, u, es, ui, cr, w5,
  w1, o, re, co)
ON CONFLICT (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier)
DO UPDATE SET attempts = r.attempts + excluded.attempts,
  errors = r.errors + excluded.errors,
  unpriced = r.unpriced + excluded.unpriced,
  escalations = r.escalations + excluded.escalations,
  uncached_in = r.uncached_in + excluded.uncached_in,
  cache_read = r.cache_read + excluded.cache_read,
  cache_write_5m = r.cache_write_5m + excluded.cache_write_5m,
  cache_write_1h = r.cache_write_1h + excluded.cache_write_1h,
  output = r.output + excluded.output,
  reasoning = r.reasoning + excluded.reasoning,
  cost_pusd = r.cost_pusd + excluded.cost_pusd
