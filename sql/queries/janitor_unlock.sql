-- What janitor_try_lock took.
-- params:
SELECT pg_advisory_unlock(1633906436, 1)
