-- Which names of a batch are known, and what row they stand for.
-- params: date[], uuid[]
SELECT k.hash, a.attempt_day, a.attempt_id
FROM unnest($1::date[], $2::uuid[]) AS k (day, hash)
JOIN attempt_key a ON a.day = k.day AND a.hash = k.hash
