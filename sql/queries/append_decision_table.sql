-- Where decisions wait when some of them are known.
-- exec: run
CREATE TEMP TABLE IF NOT EXISTS decision_stage (LIKE decision INCLUDING DEFAULTS)
ON COMMIT DELETE ROWS
