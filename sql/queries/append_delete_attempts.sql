-- Rows that are written anew: merged, fused, or moved to another day.
-- params: date[], uuid[]
DELETE FROM attempt a USING unnest($1::date[], $2::uuid[]) AS k (day, id)
WHERE a.day = k.day AND a.id = k.id
