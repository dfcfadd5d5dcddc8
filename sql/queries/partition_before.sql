-- The dated days before $1 that are still there, oldest first.
-- params: date
SELECT DISTINCT to_date(right(c.relname, 8), 'YYYYMMDD') AS d
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('attempt'::regclass, 'attempt_key'::regclass,
    'step'::regclass, 'decision'::regclass,
    'attempt_rollup_minute'::regclass, 'task_rollup_minute'::regclass)
  AND c.relname ~ '_[0-9]{8}$'
  AND to_date(right(c.relname, 8), 'YYYYMMDD') < $1
  AND to_date(right(c.relname, 8), 'YYYYMMDD') > date '1970-01-01'
ORDER BY d
