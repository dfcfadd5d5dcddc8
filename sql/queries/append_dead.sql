-- Rows that could not be taken.
-- params: uuid[], text[], text[], text[], text[], bytea[]
INSERT INTO dead_letter (id, source, origin, reason, sqlstate, body)
SELECT i, s, o, r, q, b FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
  $6::bytea[]) AS u (i, s, o, r, q, b)
ON CONFLICT (id) DO NOTHING
