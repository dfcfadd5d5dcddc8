-- What earlier imports left about the files of a kind.
-- params: text
SELECT path, size, mtime_us, done_bytes, done_hash
FROM import_file
WHERE kind = $1::text;
