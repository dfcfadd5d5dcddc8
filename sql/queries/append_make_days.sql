-- Partitions for the days of a batch.
-- params: date[]
SELECT aco_make_day(d) FROM unnest($1::date[]) AS u (d)
