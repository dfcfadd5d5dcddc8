-- Versions of the router with what their certificates say, the newest first.
-- Columns: bundle_id, created_at, state, version, trained_at, rows, passed, gain,
-- gain_low, reason, ece, brier_skill, drift. Figures are text, as in the
-- certificate; NULL where it does not say.
SELECT id AS bundle_id, created_at, state, CASE jsonb_typeof(certificate -> 'version') WHEN 'string' THEN certificate ->> 'version'
    ELSE 'v' || id END AS version,
  certificate ->> 'trained_at' AS trained_at, certificate ->> 'rows' AS rows,
  certificate #>> '{gate,passed}' AS passed, certificate #>> '{gate,gain}' AS gain,
  certificate #>> '{gate,gain_low}' AS gain_low,
  certificate #>> '{gate,reason}' AS reason,
  certificate #>> '{metrics,ece}' AS ece,
  certificate #>> '{metrics,brier_skill}' AS brier_skill,
  certificate #>> '{drift,state}' AS drift
FROM bundle
ORDER BY id DESC
LIMIT 200;
