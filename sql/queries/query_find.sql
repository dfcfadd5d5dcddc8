-- The id of a name: a class, agent or team ($1 says which) named $2, or one that
-- begins so where no other does.
-- Columns: id, name.
-- params: text, text
SELECT id, name
FROM dict
WHERE kind = $1::text AND (name = $2::text OR starts_with(name, $2))
ORDER BY name <> $2, name
LIMIT 2;
