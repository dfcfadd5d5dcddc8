-- What needs somebody. $1..$6: the edges of the span (aco_calls), $7: now.
-- Columns: kind, weight (3 act now, 2 soon, 1 know), subject, n, pusd, at,
-- detail, class_id, bundle_id.
-- params: timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
WITH s AS (
  SELECT class_id, model_id, sum(attempts) AS attempts, sum(errors) AS errors,
    sum(unpriced) AS unpriced, sum(cost_pusd) AS cost_pusd
  FROM aco_calls($1, $2, $3, $4, $5, $6)
  GROUP BY class_id, model_id)
SELECT kind, CASE WHEN kind ~ 'drift|gate' THEN 2 ELSE 3 END AS weight, scope AS subject,
  NULL::bigint AS n, NULL::numeric AS pusd, raised_at AS at, coalesce(detail ->> 'text', detail::text) AS detail,
  NULL::integer AS class_id, NULL::integer AS bundle_id
FROM alert
WHERE raised_at > $7::timestamptz - interval '7 days' AND raised_at <= $7
UNION ALL
SELECT 'unpriced', 2, m.provider || '/' || m.name, sum(s.unpriced)::bigint, NULL, NULL,
  'calls without a price: aco price import', NULL, NULL
FROM s JOIN model m ON m.id = s.model_id
WHERE s.unpriced > 0 GROUP BY m.provider, m.name
UNION ALL
SELECT 'errors', 2, m.provider || '/' || m.name, sum(s.errors)::bigint, NULL, NULL,
  'of ' || sum(s.attempts) || ' calls failed', NULL, NULL
FROM s JOIN model m ON m.id = s.model_id
GROUP BY m.provider, m.name
HAVING sum(s.attempts) >= 20 AND sum(s.errors) * 20 >= sum(s.attempts)
UNION ALL
SELECT 'unattributed', 1, 'calls of no class', sum(s.attempts)::bigint, sum(s.cost_pusd), NULL,
  'name a class: aco.task_class, or a rule', d.id, NULL
FROM s JOIN dict d ON d.id = s.class_id AND d.kind = 'class' AND d.name = 'unattributed'
GROUP BY d.id HAVING sum(s.attempts) > 0
UNION ALL
SELECT 'dead letters', 3, source, count(*), NULL, max(received_at),
  (array_agg(reason ORDER BY received_at DESC))[1], NULL, NULL
FROM (SELECT * FROM dead_letter WHERE replayed_at IS NULL
  ORDER BY received_at DESC LIMIT 10000) dead
GROUP BY source
UNION ALL
SELECT 'claims', 2, 'sums that are due', count(*), NULL, min(due_at),
  'the daemon bills them: does it run?', NULL, NULL
FROM claim WHERE due_at < $7 - interval '10 minutes'
HAVING count(*) > 0
UNION ALL
SELECT 'corrected', 1, reason, count(*), sum(coalesce(new_cost_pusd, 0) - coalesce(old_cost_pusd, 0)),
  max(at), 'costs calculated anew', NULL, NULL
FROM correction WHERE at > $7 - interval '1 day' AND at <= $7 GROUP BY reason
UNION ALL
SELECT 'drift', 2, 'router ' || CASE jsonb_typeof(certificate -> 'version') WHEN 'string' THEN certificate ->> 'version'
    ELSE 'v' || id END, NULL, NULL, created_at,
  coalesce(certificate #>> '{drift,why}', 'requests are not what it learnt from'), NULL, id
FROM (SELECT * FROM bundle WHERE state = 'serving' ORDER BY id DESC LIMIT 1) b
WHERE certificate #>> '{drift,state}' IN ('drifted', 'part')
UNION ALL
SELECT 'gate', 1, 'router ' || CASE jsonb_typeof(certificate -> 'version') WHEN 'string' THEN certificate ->> 'version'
    ELSE 'v' || id END, NULL, NULL, created_at,
  'refused: ' || coalesce(certificate #>> '{gate,reason}', 'no reason given'), NULL, id
FROM (SELECT * FROM bundle ORDER BY id DESC LIMIT 1) b
WHERE state = 'refused'
ORDER BY weight DESC, at DESC NULLS LAST, kind, subject;
