-- The version that serves and what is said of its drift: ok, drifted, ignored,
-- or NULL where nobody has looked yet. No row: the shipped one serves.
-- params:
SELECT id, certificate #>> '{drift,state}' FROM bundle WHERE state = 'serving'
ORDER BY id DESC LIMIT 1
