-- One version of the router ($1), or the one that serves (NULL), or the newest
-- where none does.
-- Columns: bundle_id, created_at, state, certificate.
-- params: integer
SELECT id AS bundle_id, created_at, state, certificate::text AS certificate
FROM bundle
WHERE $1::integer IS NULL OR id = $1
ORDER BY state <> 'serving', id DESC
LIMIT 1;
