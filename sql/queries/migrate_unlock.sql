-- params:
SELECT pg_advisory_unlock(7023117409123)
