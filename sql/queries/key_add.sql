-- A new key, by what is kept of it; no row when the name is taken.
-- params: uuid, text, bytea, text, text, integer, integer, timestamptz
INSERT INTO api_key (id, name, hash, last4, role, team_id, class_id, expires_at)
VALUES ($1::uuid, $2::text, $3::bytea, $4::text, $5::text, $6::integer, $7::integer, $8::timestamptz)
ON CONFLICT (name) DO NOTHING
RETURNING created_at
