-- Drop the dated days before $1; how many.
-- params: date
SELECT aco_drop_before($1)
