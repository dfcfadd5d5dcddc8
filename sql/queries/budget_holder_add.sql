-- A new holder of leases, $1 its name: its id, and its lock. The lock is free,
-- since the id is new.
-- params: text
WITH h AS (INSERT INTO budget_holder (name) VALUES ($1::text) RETURNING id)
SELECT id, pg_try_advisory_lock(1633906433, id) FROM h
