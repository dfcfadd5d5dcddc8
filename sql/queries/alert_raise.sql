-- Raise what is new at $1 (NULL: now); how many.
-- params: timestamptz
SELECT aco_budget_alerts(coalesce($1::timestamptz, now()))
