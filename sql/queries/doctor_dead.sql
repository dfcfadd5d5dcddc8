-- Rows that could not be taken: how many, when the last came, and why.
-- params:
SELECT count(*), max(received_at),
  (array_agg(reason ORDER BY received_at DESC))[1]
FROM dead_letter
