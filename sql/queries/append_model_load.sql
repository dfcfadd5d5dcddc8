-- Models by id.
-- params: integer[]
SELECT id, provider, name, tier FROM model WHERE id = ANY ($1::integer[])
