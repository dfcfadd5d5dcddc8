-- Rows that could not be taken.
-- params: uuid[], text[], text[], text[], text[], bytea[]
INSERT INTO dead_letter (id, source, origin, reason, sqlstate, body)
SELECT i, s, o, r, q, b FROM unnest($1, $2, $3, $4, $5, $6) AS u (i, s, o, r, q, b)
ON CONFLICT (id) DO NOTHING
