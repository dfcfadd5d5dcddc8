-- One telling and asking of a lease; see aco_budget_lease(). $1 holder, $2 its
-- number of the lease, $3 budget, $4 subject, $5 the lease's period or NULL, $6
-- settled in all, $7 kept, $8 of it reserved, $9 needed, $10 wanted beyond.
-- params: integer, integer, integer, text, timestamptz, bigint, bigint, bigint, bigint, bigint
SELECT period_start, ends_in_us, period_end, leased_pusd, granted, free_pusd,
  spent_pusd, idle_pusd, wanted
FROM aco_budget_lease($1::integer, $2::integer, $3::integer, $4::text, $5::timestamptz,
  $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::bigint, now())
