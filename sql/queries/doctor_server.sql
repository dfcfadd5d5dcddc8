-- What the server says of itself.
-- params:
SELECT current_setting('server_version'), pg_is_in_recovery(),
  current_setting('transaction_read_only')::boolean,
  current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean,
  pg_database_size(current_database()),
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  current_setting('max_connections')::integer, clock_timestamp()
