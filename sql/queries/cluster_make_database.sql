-- params:
-- exec: run
CREATE DATABASE aco OWNER aco
