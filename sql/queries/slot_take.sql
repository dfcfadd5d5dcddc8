-- The first slot that no other writer holds; 1633906432 = 0x61636f00, the
-- class of our advisory locks.
SELECT s::smallint FROM generate_series(0, 32767) AS s
WHERE pg_try_advisory_lock(1633906432, s) LIMIT 1
