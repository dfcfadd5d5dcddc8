-- Days that hold attempts, or names or sums of some, and were not dropped.
-- params:
SELECT p.d
FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS d
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'attempt'::regclass AND c.relname ~ '_[0-9]{8}$') p
WHERE EXISTS (SELECT FROM attempt a WHERE a.day = p.d)
  OR EXISTS (SELECT FROM attempt_key k WHERE k.day = p.d)
  OR EXISTS (SELECT FROM attempt_rollup r
    WHERE r.grain = 'day' AND r.bucket = p.d::timestamp AT TIME ZONE 'UTC')
ORDER BY 1
