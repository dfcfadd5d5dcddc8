-- Names under one day that lead to no attempt although its day is there. A
-- name stands under its attempt's day and the days next to it, no others.
-- params: date
SELECT count(*), min(format('name %s of attempt %s', k.hash, k.attempt_id))
FROM attempt_key k
LEFT JOIN attempt a ON a.day = k.attempt_day AND a.id = k.attempt_id
  AND a.day BETWEEN $1::date - 1 AND $1::date + 1
WHERE k.day = $1::date AND a.id IS NULL
  AND to_regclass('attempt_' || to_char(k.attempt_day, 'YYYYMMDD')) IS NOT NULL
