-- Which migrations were applied, by which program. Made by the runner, since
-- it has to be there before the first migration.
-- params:
-- exec: run
CREATE TABLE IF NOT EXISTS schema_migration (
  version    integer PRIMARY KEY,
  name       text NOT NULL,
  checksum   bytea NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  program    text NOT NULL
)
