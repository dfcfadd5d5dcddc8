-- Raise an alert, once for its kind, scope and period. $1 kind, $2 scope, $3
-- start of the period, $4 detail.
-- params: text, text, timestamptz, text
INSERT INTO alert (kind, scope, period_start, detail)
VALUES ($1::text, $2::text, $3::timestamptz, $4::text::jsonb)
ON CONFLICT (kind, scope, period_start) DO NOTHING
