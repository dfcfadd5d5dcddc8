-- The role that everything but making the database runs as: no superuser.
-- params:
-- exec: run
CREATE ROLE aco LOGIN
