-- The same lock as in migrate_try_lock.sql, waiting for it.
-- params:
SELECT true FROM pg_advisory_lock(7023117409123)
