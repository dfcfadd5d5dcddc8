-- Which prices there are: rows are only ever added, one writer at a time.
-- params:
SELECT coalesce(max(id), 0) FROM price
