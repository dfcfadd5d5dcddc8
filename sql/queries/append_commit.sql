-- exec: run
COMMIT
