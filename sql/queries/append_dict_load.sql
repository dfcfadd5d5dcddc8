-- Names by id, for rows that a batch meets and the cache does not hold.
-- params: integer[]
SELECT id, kind, name FROM dict WHERE id = ANY ($1::integer[])
