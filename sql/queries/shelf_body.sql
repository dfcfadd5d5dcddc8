-- A version's bytes.
-- params: integer
SELECT body FROM bundle WHERE id = $1::integer
