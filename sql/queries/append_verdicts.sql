-- The verdict that stands for each of these tasks: the latest on the task.
-- params: uuid[]
SELECT DISTINCT ON (task_id) task_id, success_micro FROM outcome
WHERE task_id = ANY ($1::uuid[]) AND step_id IS NULL AND success_micro IS NOT NULL
ORDER BY task_id, at DESC NULLS LAST, id DESC
