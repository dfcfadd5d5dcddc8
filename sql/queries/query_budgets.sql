-- Budgets and what is left of them in their present period, at the time $1.
-- What was spent is the ledger's figure where the scope is one of its
-- dimensions, and what was settled through leases for keys and tasks.
-- Columns: budget_id, scope, subject, period, hard, limit_pusd, since_at,
-- until_at (NULL: no end), settled_pusd, reserved_pusd, ledger_pusd (NULL: not
-- a dimension), class_id, agent_id, team_id.
-- params: timestamptz
SELECT b.id AS budget_id, b.scope, b.subject, b.period, b.hard, b.limit_pusd,
  p.since_at, p.until_at, l.settled_pusd, l.reserved_pusd, s.ledger_pusd,
  CASE WHEN b.scope = 'class' THEN d.id END AS class_id,
  CASE WHEN b.scope = 'agent' THEN d.id END AS agent_id,
  CASE WHEN b.scope = 'team' THEN d.id END AS team_id
FROM budget b
LEFT JOIN dict d ON d.kind = b.scope AND d.name = b.subject
  AND b.scope IN ('class', 'agent', 'team')
CROSS JOIN LATERAL (SELECT CASE WHEN b.period <> 'total' THEN
    date_trunc(b.period, $1::timestamptz, b.timezone) END AS begun) now
CROSS JOIN LATERAL (SELECT coalesce(begun, '1970-01-01 00:00Z') AS since_at,
  (begun AT TIME ZONE b.timezone + CASE b.period WHEN 'day' THEN interval '1 day'
    WHEN 'week' THEN interval '1 week' WHEN 'month' THEN interval '1 month' END)
    AT TIME ZONE b.timezone AS until_at) p
CROSS JOIN LATERAL (SELECT coalesce(sum(settled_pusd), 0) AS settled_pusd,
    coalesce(sum(reserved_pusd) FILTER (WHERE settled_at IS NULL), 0) AS reserved_pusd
  FROM budget_lease WHERE budget_id = b.id AND period_start >= p.since_at) l
CROSS JOIN LATERAL (SELECT date_trunc('hour', p.since_at + interval '1 hour' - interval '1 us') AS h0,
    date_trunc('hour', $1 + interval '1 hour') AS h1) h
CROSS JOIN LATERAL (SELECT least(h1, date_trunc('day', h0 + interval '1 day'
      - interval '1 us', 'UTC')) AS d0,
    date_trunc('day', h1, 'UTC') AS d1) e
LEFT JOIN LATERAL (SELECT coalesce(sum(cost_pusd), 0) AS ledger_pusd
  FROM (SELECT class_id, agent_id, team_id, cost_pusd FROM attempt_rollup_hour
    WHERE grain = 'hour' AND (bucket >= h0 AND bucket < d0
      OR bucket >= greatest(d0, d1) AND bucket < h1)
    UNION ALL
    SELECT class_id, agent_id, team_id, cost_pusd FROM attempt_rollup_day
    WHERE grain = 'day' AND bucket >= d0 AND bucket < d1
    UNION ALL
    SELECT class_id, agent_id, team_id, cost_pusd FROM attempt_rollup_minute
    WHERE bucket >= p.since_at AND bucket < h0) x
  WHERE CASE b.scope WHEN 'class' THEN class_id WHEN 'agent' THEN agent_id
    ELSE team_id END = d.id) s ON b.scope IN ('class', 'agent', 'team')
ORDER BY b.scope, b.subject, b.period;
