-- One change of versions at a time, whatever machine it comes from; until the
-- transaction ends. 1633906434 is the class of this lock alone.
-- params:
SELECT pg_advisory_xact_lock(1633906434, 1)
