-- Tasks of a batch that were not there, in the order of their ids so that two
-- writers never wait for each other in a circle. One that another writer has
-- added since is left out, which the count tells. They are open (task_open).
-- params: uuid[], uuid[], integer[], integer[], integer[], smallint[], smallint[], text[], timestamptz[], timestamptz[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], numeric[], integer[], text[]
WITH opened AS (
  INSERT INTO task_open (task_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING
)
INSERT INTO task (id, parent_id, team_id, agent_id, class_id, class_rank,
  who_ranks, attrs, started_at, ended_at, attempts, errors, unpriced,
  escalations, routed, escalations_routed, uncached_in, cache_read, cache_write_5m,
  cache_write_1h, output, reasoning, cost_pusd, sender_id, ext_id)
SELECT i, p, te, ag, cl, cr, wr, att::json, st, en, n, er, un, es, ro, eo, ui, r,
  w5, w1, o, re, co, se, x
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::integer[],
  $6::smallint[], $7::smallint[], $8::text[], $9::timestamptz[],
  $10::timestamptz[], $11::bigint[], $12::bigint[], $13::bigint[],
  $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
  $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],
  $22::bigint[], $23::numeric[], $24::integer[], $25::text[]) AS u (i, p, te, ag, cl,
  cr, wr, att, st, en, n, er, un, es, ro, eo, ui, r, w5, w1, o, re, co, se, x)
ORDER BY i
ON CONFLICT (id) DO NOTHING
