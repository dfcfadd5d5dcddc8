-- The oracle of a class-day.
-- params: date, integer, bigint, bigint, numeric, numeric, numeric, numeric, bigint, bigint, text
INSERT INTO oracle_class_day (day, class_id, computed_at, judged, observed, paid_pusd,
  oracle_pusd, oracle_low_pusd, oracle_high_pusd, success_micro, oracle_success_micro, figures)
VALUES ($1::date, $2::integer, now(), $3::bigint, $4::bigint, $5::numeric, $6::numeric,
  $7::numeric, $8::numeric, $9::bigint, $10::bigint, $11::text::jsonb)
ON CONFLICT (day, class_id) DO UPDATE SET computed_at = excluded.computed_at,
  judged = excluded.judged, observed = excluded.observed, paid_pusd = excluded.paid_pusd,
  oracle_pusd = excluded.oracle_pusd, oracle_low_pusd = excluded.oracle_low_pusd,
  oracle_high_pusd = excluded.oracle_high_pusd, success_micro = excluded.success_micro,
  oracle_success_micro = excluded.oracle_success_micro, figures = excluded.figures
