-- params:
-- exec: run
ROLLBACK
