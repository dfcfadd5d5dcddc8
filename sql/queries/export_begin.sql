-- One snapshot for all the statements of an export.
-- exec: run
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
