-- Attempts of one day of which a name would not lead to them, or that have no
-- whole number of names. The names are joined as one set: looked up one by
-- one, a day of a hundred thousand attempts would take hours.
-- params: date
SELECT count(*), min(format('attempt %s', bad.id))
FROM (
  SELECT a.id FROM attempt a
  WHERE a.day = $1::date AND length(a.keys) % 16 <> 0
  UNION
  SELECT n.id
  FROM (SELECT a.id,
      encode(substr(a.keys, g.i * 16 + 1, 16), 'hex')::uuid AS hash
    FROM attempt a
    CROSS JOIN LATERAL generate_series(0, length(a.keys) / 16 - 1) AS g (i)
    WHERE a.day = $1::date) AS n
  LEFT JOIN attempt_key k ON k.day = $1::date AND k.hash = n.hash
    AND k.attempt_day = $1::date AND k.attempt_id = n.id
  WHERE k.hash IS NULL) AS bad
