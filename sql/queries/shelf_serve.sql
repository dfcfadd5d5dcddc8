-- $1 serves from now on, and nothing else does; 0: nothing of the ledger.
-- params: integer
UPDATE bundle SET state = CASE WHEN id = $1::integer THEN 'serving' ELSE 'retired' END
WHERE id = $1 OR state = 'serving'
RETURNING id
