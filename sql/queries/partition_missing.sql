-- Which of the days from $1 to $1 + $2 have no partition.
-- params: date, integer
SELECT d
FROM (SELECT $1::date + n AS d FROM generate_series(0, $2::integer) AS g (n)) AS days
WHERE to_regclass('attempt_' || to_char(d, 'YYYYMMDD')) IS NULL
ORDER BY d
