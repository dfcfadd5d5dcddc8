-- Statistics of the tables that a fleet was just told into, for the first
-- questions: they come before the server's own.
-- exec: run
ANALYZE task, attempt, attempt_key, decision, trial, dict, model
