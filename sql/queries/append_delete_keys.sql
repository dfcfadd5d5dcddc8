-- Names of rows that are written anew.
-- params: date[], uuid[]
DELETE FROM attempt_key a USING unnest($1::date[], $2::uuid[]) AS k (day, hash)
WHERE a.day = k.day AND a.hash = k.hash
