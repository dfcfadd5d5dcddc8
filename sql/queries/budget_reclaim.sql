-- Leases of holders that have been away for $2 microseconds return; how many
-- such holders there were. $1 is who asks.
-- params: integer, bigint
SELECT aco_budget_reclaim($1::integer, $2::bigint * interval '1 microsecond')
