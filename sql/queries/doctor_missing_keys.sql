-- Attempts of one day of which a name would not lead to them, or that have no
-- whole number of names.
-- params: date
SELECT count(*), min(format('attempt %s', a.id))
FROM attempt a
WHERE a.day = $1::date AND (length(a.keys) % 16 <> 0 OR EXISTS (
  SELECT FROM generate_series(0, length(a.keys) / 16 - 1) AS g (i)
  WHERE NOT EXISTS (SELECT FROM attempt_key k
    WHERE k.day = a.day AND k.attempt_id = a.id AND k.attempt_day = a.day
      AND k.hash = encode(substr(a.keys, g.i * 16 + 1, 16), 'hex')::uuid)))
