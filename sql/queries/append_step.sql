-- New steps.
-- exec: run
COPY step (day, id, task_id, seq, kind, tool_id, failed, started_at)
FROM STDIN (FORMAT binary)
