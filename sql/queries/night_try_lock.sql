-- One training at a time, whatever machine it runs on; the session holds the
-- lock. 1633906435 is the class of this lock alone.
-- params:
SELECT pg_try_advisory_lock(1633906435, 1)
