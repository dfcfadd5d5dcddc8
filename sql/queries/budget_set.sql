-- A budget, new or changed: $1 scope, $2 subject, $3 period, $4 time zone, $5
-- limit, $6 hard, $7 counts the ledger. No row: there is no such time zone.
-- params: text, text, text, text, bigint, boolean, boolean
INSERT INTO budget AS b (scope, subject, period, timezone, limit_pusd, hard, ledger)
SELECT $1::text, $2::text, $3::text, z.name, $5::bigint, $6::boolean, $7::boolean
FROM pg_timezone_names z WHERE z.name = $4::text
ON CONFLICT (scope, subject, period) DO UPDATE SET timezone = excluded.timezone,
  limit_pusd = excluded.limit_pusd, hard = excluded.hard, ledger = excluded.ledger
RETURNING xmax = 0 AS is_new
