-- Replace members of a version's certificate: $1 version, $2 an object.
-- params: integer, text
UPDATE bundle SET certificate = certificate || $2::text::jsonb WHERE id = $1::integer
