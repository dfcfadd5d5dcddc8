-- Tasks with what a batch changed in them ($24 says whether anything but
-- attrs did). Of two attrs from sources of the same rank the greater text
-- stays, whatever the order of arrival.
-- params: uuid[], uuid[], integer[], integer[], integer[], smallint[], smallint[], text[], timestamptz[], timestamptz[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], numeric[], integer[], boolean[]
UPDATE task t SET parent_id = u.p, team_id = u.te, agent_id = u.ag,
  class_id = u.cl, class_rank = u.cr, who_rank = least(t.who_rank, u.wr),
  attrs = CASE WHEN u.att IS NULL THEN t.attrs
    WHEN u.wr < t.who_rank OR t.attrs IS NULL THEN u.att::jsonb
    WHEN u.wr > t.who_rank THEN t.attrs
    ELSE greatest(t.attrs::text, u.att::jsonb::text)::jsonb END,
  started_at = u.st, ended_at = u.en, attempts = u.n, errors = u.er,
  unpriced = u.un, escalations = u.es, routed = u.ro, uncached_in = u.ui,
  cache_read = u.r, cache_write_5m = u.w5, cache_write_1h = u.w1,
  output = u.o, reasoning = u.re, cost_pusd = u.co, success_micro = u.su
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
  $16, $17, $18, $19, $20, $21, $22, $23, $24) AS u (i, p, te, ag, cl, cr, wr,
  att, st, en, n, er, un, es, ro, ui, r, w5, w1, o, re, co, su, changed)
WHERE t.id = u.i AND (u.changed OR (u.att IS NOT NULL AND (t.attrs IS NULL
    OR u.wr < t.who_rank
    OR (u.wr = t.who_rank AND u.att::jsonb::text > t.attrs::text))))
