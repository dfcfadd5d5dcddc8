-- Rows that could not be taken.
-- params: uuid[], text[], text[], text[], text[], bytea[], text[]
INSERT INTO dead_letter (id, source, origin, reason, sqlstate, body, kind)
SELECT i, s, o, r, q, b, k FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
  $6::bytea[], $7::text[]) AS u (i, s, o, r, q, b, k)
ON CONFLICT (id) DO NOTHING
