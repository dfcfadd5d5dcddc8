-- How old the newest price is.
-- params:
SELECT count(*), max(source_date) FROM price
