-- What every connection sets first. A commit that we acknowledge must be on
-- disk, so asynchronous commit, where someone made it the default, is undone.
-- Who waits for a lock for long says so and tries again (55P03), rather than
-- to hang without a word. Compiling a plan takes longer than any of our
-- statements may. The dashboard's statements are planned each time: the days that
-- they touch are then known, and a plan for any days would hold them all.
-- params:
-- exec: run
SELECT set_config('TimeZone', 'UTC', false),
  set_config('extra_float_digits', '1', false),
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit')
      WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END,
    false),
  set_config('lock_timeout', '10s', false),
  set_config('jit', 'off', false),
  set_config('plan_cache_mode', CASE current_setting('application_name')
      WHEN 'aco top' THEN 'force_custom_plan'
      ELSE current_setting('plan_cache_mode') END, false)
