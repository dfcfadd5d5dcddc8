-- exec: run
ROLLBACK
