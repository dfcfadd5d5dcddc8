-- Steps whose last attempt turned out to belong elsewhere.
-- params: date[], uuid[]
DELETE FROM step s USING unnest($1::date[], $2::uuid[]) AS k (day, id)
WHERE s.day = k.day AND s.id = k.id
  AND NOT EXISTS (SELECT FROM attempt a
    WHERE a.task_id = s.task_id AND a.step_id = s.id AND a.step_day = s.day)
