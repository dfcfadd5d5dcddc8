-- Router versions, the newest first, without their bodies. $1 one of them, or
-- NULL.
-- params: integer
SELECT id, created_at, state, feature_schema, certificate::text,
  octet_length(body)::bigint
FROM bundle
WHERE $1::integer IS NULL OR id = $1
ORDER BY id DESC
