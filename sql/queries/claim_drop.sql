-- Drop the claims that are due and within whose time the ledger knows another
-- call of the same task.
-- params: timestamptz
DELETE FROM claim c
WHERE c.due_at <= $1::timestamptz AND EXISTS (
  SELECT FROM attempt a
  WHERE a.task_id = c.task_id
    AND a.day BETWEEN (c.started_at AT TIME ZONE 'UTC')::date - 2
      AND (c.ended_at AT TIME ZONE 'UTC')::date + 1
    AND a.started_at <= c.ended_at + interval '1 second'
    AND coalesce(a.ended_at, a.started_at) >= c.started_at - interval '1 second'
    AND position(uuid_send(c.id) IN a.keys) = 0)
