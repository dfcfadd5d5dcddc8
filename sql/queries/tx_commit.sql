-- params:
-- exec: run
COMMIT
