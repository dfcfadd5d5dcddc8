-- What the oracle would have paid, by class, summed over the days from $1 up to
-- $2 (exclusive). Baselines are NULL unless each day of the class knows them.
-- Columns: class_id, judged, observed, paid_pusd, oracle_pusd, low_pusd,
-- high_pusd, success_micro, oracle_success_micro, strongest_pusd, cheapest_pusd.
-- params: date, date
SELECT class_id, sum(judged)::bigint AS judged, sum(observed)::bigint AS observed,
  sum(paid_pusd) AS paid_pusd, sum(oracle_pusd) AS oracle_pusd,
  CASE WHEN count(oracle_low_pusd) = count(*) THEN sum(oracle_low_pusd) END AS low_pusd,
  CASE WHEN count(oracle_high_pusd) = count(*) THEN sum(oracle_high_pusd) END AS high_pusd,
  sum(success_micro)::bigint AS success_micro,
  sum(oracle_success_micro)::bigint AS oracle_success_micro,
  CASE WHEN count(s.pusd) = count(*) THEN sum(s.pusd) END AS strongest_pusd,
  CASE WHEN count(c.pusd) = count(*) THEN sum(c.pusd) END AS cheapest_pusd
FROM oracle_class_day,
  aco_pusd(figures #>> '{always_strongest,cost_usd}') s (pusd),
  aco_pusd(figures #>> '{always_cheapest,cost_usd}') c (pusd)
WHERE day >= $1::date AND day < $2::date
GROUP BY class_id;
