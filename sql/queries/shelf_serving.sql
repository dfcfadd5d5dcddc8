-- The version that serves, if any.
-- params:
SELECT id FROM bundle WHERE state = 'serving' ORDER BY id DESC LIMIT 1
