-- Budgets, hard ones over their limit in their present period, and accounts whose
-- leases do not add up.
-- params:
SELECT (SELECT count(*) FROM budget),
  (SELECT count(*) FROM budget b CROSS JOIN LATERAL
     aco_budget_period(b.period, b.timezone, now()) p
   WHERE b.hard AND EXISTS (SELECT FROM budget_account a WHERE a.budget_id = b.id
     AND a.period_start = p.starts
     AND greatest(a.base_pusd + a.settled_pusd, a.ledger_pusd) > b.limit_pusd)),
  (SELECT count(*) FROM budget_account a WHERE a.leased_pusd <>
     (SELECT coalesce(sum(l.leased_pusd), 0) FROM budget_lease l
      WHERE l.budget_id = a.budget_id AND l.subject = a.subject
        AND l.period_start = a.period_start))
