-- A new version. $1 state, $2 schema of its features, $3 certificate, $4 bytes.
-- params: text, uuid, text, bytea
INSERT INTO bundle (state, feature_schema, certificate, body)
VALUES ($1::text, $2::uuid, $3::text::jsonb, $4::bytea)
RETURNING id
