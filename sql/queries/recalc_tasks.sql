-- Lock tasks in the order of their ids, before their attempts.
-- params: uuid[]
SELECT id FROM task WHERE id = ANY ($1::uuid[]) ORDER BY id
FOR NO KEY UPDATE
