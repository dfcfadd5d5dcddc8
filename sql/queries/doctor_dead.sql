-- Rows that could not be taken and wait: how many, when the last came, and why;
-- how many of them can be replayed.
-- params:
SELECT count(*), max(received_at),
  (array_agg(reason ORDER BY received_at DESC))[1],
  count(*) FILTER (WHERE kind = 'event')
FROM dead_letter WHERE replayed_at IS NULL
