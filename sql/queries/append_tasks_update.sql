-- Tasks that a batch changed.
-- params: uuid[], uuid[], integer[], integer[], integer[], smallint[], smallint[], text[], timestamptz[], timestamptz[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], numeric[], integer[]
UPDATE task t SET parent_id = u.p, team_id = u.te, agent_id = u.ag,
  class_id = u.cl, class_rank = u.cr, who_ranks = u.wr, attrs = u.att::json,
  started_at = u.st, ended_at = u.en, attempts = u.n, errors = u.er,
  unpriced = u.un, escalations = u.es, routed = u.ro, uncached_in = u.ui,
  cache_read = u.r, cache_write_5m = u.w5, cache_write_1h = u.w1,
  output = u.o, reasoning = u.re, cost_pusd = u.co, success_micro = u.su
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
  $16, $17, $18, $19, $20, $21, $22, $23) AS u (i, p, te, ag, cl, cr, wr, att,
  st, en, n, er, un, es, ro, ui, r, w5, w1, o, re, co, su)
WHERE t.id = u.i
