-- Take away what leases left behind $1 microseconds ago or earlier; how much.
-- params: bigint
SELECT aco_budget_purge($1::bigint * interval '1 microsecond')
