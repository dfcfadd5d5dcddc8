-- Where trials wait when some of them are known.
-- exec: run
CREATE TEMP TABLE IF NOT EXISTS trial_stage (LIKE trial INCLUDING DEFAULTS)
ON COMMIT DELETE ROWS
