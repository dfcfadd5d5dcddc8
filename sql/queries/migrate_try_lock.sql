-- One migration at a time in this database; the session holds the lock. The
-- number is arbitrary and never changes.
-- params:
SELECT pg_try_advisory_lock(7023117409123)
