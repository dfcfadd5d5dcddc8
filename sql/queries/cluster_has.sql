-- What of the private cluster's role and database is there already.
-- params:
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aco'),
  EXISTS (SELECT FROM pg_database WHERE datname = 'aco')
