-- Tasks that a batch changed. Those that were settled by their cost are open again.
-- params: uuid[], uuid[], integer[], integer[], integer[], smallint[], smallint[], text[], timestamptz[], timestamptz[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], numeric[], integer[]
WITH gone AS (
  DELETE FROM task_cost WHERE task_id = ANY ($1::uuid[]) RETURNING task_id
), opened AS (
  INSERT INTO task_open (task_id) SELECT task_id FROM gone ON CONFLICT DO NOTHING
)
UPDATE task t SET parent_id = u.p, team_id = u.te, agent_id = u.ag,
  class_id = u.cl, class_rank = u.cr, who_ranks = u.wr, attrs = u.att::json,
  started_at = u.st, ended_at = u.en, attempts = u.n, errors = u.er,
  unpriced = u.un, escalations = u.es, routed = u.ro,
  escalations_routed = u.eo, uncached_in = u.ui,
  cache_read = u.r, cache_write_5m = u.w5, cache_write_1h = u.w1,
  output = u.o, reasoning = u.re, cost_pusd = u.co, success_micro = u.su
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::integer[],
  $6::smallint[], $7::smallint[], $8::text[], $9::timestamptz[],
  $10::timestamptz[], $11::bigint[], $12::bigint[], $13::bigint[],
  $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
  $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],
  $22::bigint[], $23::numeric[], $24::integer[]) AS u (i, p, te, ag, cl, cr, wr,
  att, st, en, n, er, un, es, ro, eo, ui, r, w5, w1, o, re, co, su)
WHERE t.id = u.i
