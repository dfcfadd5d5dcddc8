-- The leases of holder $1 from which another holder needs something: no.
-- params: integer
SELECT l.no FROM budget_lease l
JOIN budget_account a USING (budget_id, subject, period_start)
WHERE l.holder_id = $1::integer AND l.leased_pusd > 0
  AND a.wanted_at > clock_timestamp() - interval '3 seconds'
