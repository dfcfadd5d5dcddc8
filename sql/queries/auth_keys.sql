-- The keys that are not revoked: what callers are compared with.
-- params:
SELECT k.name, k.hash, k.role, t.name, c.name, k.expires_at
FROM api_key k
LEFT JOIN dict t ON t.id = k.team_id
LEFT JOIN dict c ON c.id = k.class_id
WHERE k.revoked_at IS NULL
ORDER BY k.name
