-- A migration waits for its locks however long that takes.
-- params:
SELECT set_config('lock_timeout', '0', false)
