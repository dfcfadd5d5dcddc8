-- Whether this database has ever been migrated.
-- params:
SELECT to_regclass('schema_migration') IS NOT NULL
