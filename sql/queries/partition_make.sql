-- Make the partitions of one day, if they are not there.
-- params: date
SELECT true FROM aco_make_day($1)
