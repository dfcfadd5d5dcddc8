-- The version that served before version $1.
-- params: integer
SELECT id FROM bundle WHERE id < $1::integer AND state = 'retired'
ORDER BY id DESC LIMIT 1
