-- Rows that could not be taken, the newest first, at most $1.
-- Columns: dead_letter_id, received_at, source, origin, reason, sqlstate, kind,
-- replayed_at, bytes.
-- params: bigint
SELECT id AS dead_letter_id, received_at, source, origin, reason, sqlstate, kind,
  replayed_at, octet_length(body)::bigint AS bytes
FROM dead_letter
ORDER BY received_at DESC, id
LIMIT $1::bigint;
