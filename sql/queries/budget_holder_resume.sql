-- Holder $1 has a new connection. A server process that still holds the lock
-- for a lost one is ended; whether the lock was taken. (Who finds it free in
-- the meantime holds it for a moment only.)
-- params: integer
WITH ghost AS MATERIALIZED (SELECT count(pg_terminate_backend(pid)) AS n FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND classid = 1633906433
    AND objid = $1::integer::oid AND objsubid = 2 AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
SELECT pg_try_advisory_lock(1633906433, $1) FROM ghost
