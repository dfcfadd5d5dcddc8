-- Dropping a partition locks its parent: whoever waits for that lock makes all
-- others wait behind it, so it must not wait for long.
-- params:
SELECT set_config('lock_timeout', '2s', true)
