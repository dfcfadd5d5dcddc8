-- Budgets with what is spent of each in its present period; of '*' the account
-- that has spent most. Only spent where the ledger knows more than the account.
-- params:
SELECT b.scope, b.subject, b.period, b.timezone,
  least(b.limit_pusd, 9223372036854775807)::bigint AS limit_pusd, b.hard, b.ledger,
  p.starts, CASE WHEN p.ends < 'infinity' THEN p.ends END AS ends,
  coalesce(a.n, 0) AS accounts,
  least(greatest(coalesce(a.spent, 0),
    CASE WHEN b.ledger AND b.subject <> '*' AND b.scope IN ('team', 'agent', 'class')
      THEN aco_budget_spent(b.scope, b.subject, p.starts) ELSE 0 END),
    9223372036854775807)::bigint AS spent_pusd,
  least(coalesce(a.leased, 0), 9223372036854775807)::bigint AS leased_pusd
FROM budget b
CROSS JOIN LATERAL aco_budget_period(b.period, b.timezone, now()) p
LEFT JOIN LATERAL (SELECT count(*) AS n, sum(x.leased_pusd) AS leased,
    max(greatest(x.base_pusd + x.settled_pusd, x.ledger_pusd)) AS spent
  FROM budget_account x WHERE x.budget_id = b.id AND x.period_start = p.starts) a ON true
ORDER BY b.scope, b.subject, p.ends, b.id
