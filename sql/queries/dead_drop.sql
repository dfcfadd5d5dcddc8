-- Letters that match go; of no ids, all of them, replayed ones too.
-- params: uuid[], timestamptz, text
DELETE FROM dead_letter
WHERE (cardinality($1::uuid[]) = 0 OR id = ANY ($1::uuid[]))
  AND received_at >= coalesce($2::timestamptz, '-infinity')
  AND position(lower($3::text) IN lower(reason)) > 0
