-- The letter whose id begins so; a second row says that there are several.
-- params: text
SELECT id, received_at, kind, source, origin, reason, sqlstate, replayed_at, body
FROM dead_letter
WHERE starts_with(id::text, lower($1::text)) ORDER BY id LIMIT 2
