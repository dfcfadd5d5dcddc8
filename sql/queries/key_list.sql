-- All keys, or the one of this name, as people see them.
-- params: text
SELECT k.name, k.role, t.name, c.name, k.last4, k.created_at, k.expires_at, k.revoked_at
FROM api_key k
LEFT JOIN dict t ON t.id = k.team_id
LEFT JOIN dict c ON c.id = k.class_id
WHERE $1::text IS NULL OR k.name = $1::text
ORDER BY k.created_at, k.name
