-- Budgets and what is left of them in their present period, at the time $1. Of
-- '*' the account that has spent most. The ledger's figure is the account's
-- where that is not older than a minute, NULL where the ledger does not count.
-- Columns: budget_id, scope, subject, period, hard, limit_pusd, since_at,
-- until_at (NULL: no end), settled_pusd, reserved_pusd, ledger_pusd, class_id,
-- agent_id, team_id.
-- params: timestamptz
SELECT b.id AS budget_id, b.scope, b.subject, b.period, b.hard, b.limit_pusd,
  p.starts AS since_at, CASE WHEN p.ends < 'infinity' THEN p.ends END AS until_at,
  coalesce(a.settled_pusd, 0) AS settled_pusd, coalesce(a.leased_pusd, 0) AS reserved_pusd,
  CASE WHEN NOT b.ledger THEN NULL
    WHEN a.fresh THEN a.ledger_pusd
    WHEN b.subject <> '*' AND b.scope IN ('team', 'agent', 'class')
    THEN aco_budget_spent(b.scope, b.subject, p.starts) END AS ledger_pusd,
  CASE WHEN b.scope = 'class' THEN d.id END AS class_id,
  CASE WHEN b.scope = 'agent' THEN d.id END AS agent_id,
  CASE WHEN b.scope = 'team' THEN d.id END AS team_id
FROM budget b
CROSS JOIN LATERAL aco_budget_period(b.period, b.timezone, $1::timestamptz) p
LEFT JOIN dict d ON d.kind = b.scope AND d.name = b.subject
  AND b.scope IN ('class', 'agent', 'team')
LEFT JOIN LATERAL (SELECT base_pusd + x.settled_pusd AS settled_pusd, x.leased_pusd,
    x.ledger_pusd, x.ledger_at > clock_timestamp() - interval '1 minute' AS fresh
  FROM budget_account x WHERE x.budget_id = b.id AND x.period_start = p.starts
  ORDER BY greatest(base_pusd + x.settled_pusd, x.ledger_pusd) DESC LIMIT 1) a ON true
ORDER BY b.scope, b.subject, b.period;
