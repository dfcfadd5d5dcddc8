-- Revoke a key that is not revoked yet.
-- params: text
UPDATE api_key SET revoked_at = now() WHERE name = $1::text AND revoked_at IS NULL
RETURNING revoked_at
