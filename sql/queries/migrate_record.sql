-- $1 version, $2 name, $3 SHA-256 of the file, $4 the program that applied it
-- params: integer, text, bytea, text
INSERT INTO schema_migration (version, name, checksum, program)
VALUES ($1, $2, $3, $4)
