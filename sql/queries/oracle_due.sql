-- Class-days whose oracle is to be computed, at most $2: those of which what is
-- judged, how well, or what was paid is not what it was then (changed); then
-- those from day $1 on. Latest first. judged 0: nothing is left to say of it.
-- The sums are of the rollups, so that nothing is scanned.
-- Columns: day, class_id, judged, success_micro, paid_pusd, changed.
-- params: date, bigint
SELECT coalesce(r.day, o.day), coalesce(r.class_id, o.class_id),
  coalesce(r.judged, 0)::bigint, coalesce(r.success_micro, 0)::bigint,
  coalesce(r.paid_pusd, 0), x.changed
FROM (SELECT (bucket AT TIME ZONE 'UTC')::date AS day, class_id, sum(judged) AS judged,
    sum(success_micro) AS success_micro, sum(paid_judged_pusd) AS paid_pusd
  FROM task_rollup WHERE grain = 'day' AND bucket > '1970-01-01Z'
  GROUP BY 1, 2 HAVING sum(judged) > 0) r
FULL JOIN oracle_class_day o ON o.day = r.day AND o.class_id = r.class_id
CROSS JOIN LATERAL (SELECT (r.judged, r.success_micro, r.paid_pusd) IS DISTINCT FROM
    ((o.figures #>> '{basis,judged}')::numeric,
     (o.figures #>> '{basis,success_micro}')::numeric,
     (o.figures #>> '{basis,paid_pusd}')::numeric) AS changed) x
WHERE x.changed OR r.day >= $1::date
ORDER BY 6 DESC, 1 DESC, 2
LIMIT $2::bigint
