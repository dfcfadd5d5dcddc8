-- What every connection sets first. A commit that we acknowledge must be on
-- disk, so asynchronous commit, where someone made it the default, is undone.
-- params:
-- exec: run
SELECT set_config('TimeZone', 'UTC', false),
  set_config('extra_float_digits', '1', false),
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit')
      WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END,
    false)
