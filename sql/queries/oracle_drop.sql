-- Nothing of this class-day is judged any more.
-- params: date, integer
DELETE FROM oracle_class_day WHERE day = $1::date AND class_id = $2::integer
