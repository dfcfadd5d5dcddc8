-- The budgets, as a worker keeps them: id, scope, subject, period, limit, hard,
-- and a mark that changes when its periods or what it counts are others.
-- params:
SELECT id, scope, subject, period, least(limit_pusd, 9223372036854775807)::bigint, hard,
  hashtextextended(concat_ws(' ', id, scope, subject, period, timezone, ledger), 0)
FROM budget ORDER BY scope, subject, id
