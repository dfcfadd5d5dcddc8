-- Letters that were refused once more, and why.
-- params: uuid[], text[], text[]
UPDATE dead_letter d SET reason = u.r, sqlstate = nullif(u.s, '')
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (i, r, s) WHERE d.id = u.i
