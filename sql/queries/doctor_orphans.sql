-- Attempts of one day that name no task or no model, and one of them.
-- params: date
SELECT count(*), min(format('attempt %s of task %s', a.id, a.task_id))
FROM attempt a
LEFT JOIN task t ON t.id = a.task_id
LEFT JOIN model m ON m.id = a.model_id
WHERE a.day = $1::date AND (t.id IS NULL OR m.id IS NULL)
