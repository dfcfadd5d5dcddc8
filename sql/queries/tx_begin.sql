-- params:
-- exec: run
BEGIN
