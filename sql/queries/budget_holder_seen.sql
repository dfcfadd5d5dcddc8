-- Holder $1 is there again; whether it is still known.
-- params: integer
UPDATE budget_holder SET missing_since = NULL WHERE id = $1::integer RETURNING id
