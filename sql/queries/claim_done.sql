-- Claims that are billed go, unless they changed in between.
-- params: uuid[], text[]
DELETE FROM claim c USING unnest($1::uuid[], $2::text[]) AS u (i, v)
WHERE c.id = u.i AND c.event::text = u.v
