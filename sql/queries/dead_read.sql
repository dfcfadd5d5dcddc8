-- Letters that wait and match, in order of id, after a given one; of no ids, all.
-- params: uuid, uuid[], timestamptz, text
SELECT id, kind, body
FROM dead_letter
WHERE replayed_at IS NULL AND id > $1::uuid
  AND (cardinality($2::uuid[]) = 0 OR id = ANY ($2::uuid[]))
  AND received_at >= coalesce($3::timestamptz, '-infinity')
  AND position(lower($4::text) IN lower(reason)) > 0
ORDER BY id LIMIT 500
