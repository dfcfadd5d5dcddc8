-- Alert $1 was delivered.
-- params: bigint
UPDATE alert SET delivered_at = now() WHERE id = $1::bigint
