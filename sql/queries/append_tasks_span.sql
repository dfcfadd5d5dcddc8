-- First start and last end of tasks that lost or changed attempts.
-- params: uuid[]
SELECT i, min(a.started_at), max(a.ended_at)
FROM unnest($1::uuid[]) AS u (i) LEFT JOIN attempt a ON a.task_id = i GROUP BY i
