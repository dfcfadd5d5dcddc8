-- Alerts that wait for their delivery, at most $1 of them, oldest first; each is
-- ours for a while, and then tried again, for a day.
-- params: integer
WITH mine AS (UPDATE alert a SET tries = least(a.tries + 1, 100),
    next_at = now() + least(power(2, a.tries), 60) * interval '15 seconds'
  WHERE a.id IN (SELECT x.id FROM alert x WHERE x.delivered_at IS NULL
    AND x.next_at <= now() AND x.raised_at > now() - interval '1 day'
    ORDER BY x.id LIMIT $1::integer FOR UPDATE SKIP LOCKED)
  RETURNING a.id, a.kind, a.scope, a.period_start, a.raised_at, a.detail)
SELECT id, kind, scope, period_start, raised_at, detail::text, detail ->> 'text'
FROM mine ORDER BY id
