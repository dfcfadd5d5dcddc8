-- Forget all versions but the last $1 and the one that serves.
-- params: bigint
DELETE FROM bundle WHERE state <> 'serving' AND id NOT IN
  (SELECT id FROM bundle ORDER BY id DESC LIMIT $1::bigint)
