-- How far files were read, with the rows of the same batch.
-- params: text[], text[], bigint[], bigint[], bigint[], uuid[]
INSERT INTO import_file (kind, path, size, mtime_us, done_bytes, done_hash)
SELECT k, p, s, m, d, h FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
  $6::uuid[]) AS u (k, p, s, m, d, h)
ON CONFLICT (kind, path) DO UPDATE SET size = excluded.size,
  mtime_us = excluded.mtime_us, done_bytes = excluded.done_bytes,
  done_hash = excluded.done_hash, imported_at = now()
