-- The names of new rows.
-- exec: run
COPY attempt_key (day, hash, attempt_day, attempt_id) FROM STDIN (FORMAT binary)
