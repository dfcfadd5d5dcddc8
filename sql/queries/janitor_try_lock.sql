-- One janitor at a time looks after days, whatever machine it runs on; the
-- session holds the lock. 1633906436 is the class of this lock alone.
-- params:
SELECT pg_try_advisory_lock(1633906436, 1)
