-- Anything by a part of its name ($1) or its id ($2, NULL: $1 is none), at most
-- $3 of each kind. Tasks are found by how their names begin, and among the newest
-- 10000 by any part.
-- Columns: kind, name, about, at, cost_pusd, class_id, agent_id, team_id,
-- model_id, task_id, attempt_day, attempt_id, price_id, decision_day,
-- decision_id, bundle_id.
-- params: text, uuid, bigint
WITH word AS (
  SELECT '%' || replace(replace(replace($1::text, '\', '\\'), '%', '\%'), '_', '\_') || '%' AS w)
(SELECT kind, name, NULL AS about, NULL::timestamptz AS at, NULL::numeric AS cost_pusd,
  CASE WHEN kind = 'class' THEN id END AS class_id,
  CASE WHEN kind = 'agent' THEN id END AS agent_id,
  CASE WHEN kind = 'team' THEN id END AS team_id,
  NULL::integer AS model_id, NULL::uuid AS task_id, NULL::date AS attempt_day,
  NULL::uuid AS attempt_id, NULL::integer AS price_id, NULL::date AS decision_day,
  NULL::uuid AS decision_id, NULL::integer AS bundle_id
FROM dict, word
WHERE kind IN ('class', 'agent', 'team') AND name ILIKE w
ORDER BY kind, name LIMIT $3::bigint)
UNION ALL
(SELECT 'model', name, provider || coalesce(', tier ' || tier, ''), NULL, NULL, NULL, NULL, NULL,
  id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM model, word
WHERE name ILIKE w AND EXISTS (SELECT FROM attempt_rollup
  WHERE grain = 'day' AND model_id = model.id)
ORDER BY name LIMIT $3)
UNION ALL
(SELECT 'task', t.ext_id, class.name, t.started_at, t.cost_pusd, t.class_id, NULL, NULL, NULL,
  t.id, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT id FROM (SELECT id FROM task
      WHERE ext_id ~>=~ $1 AND ext_id ~<~ ($1 || chr(1114111))
      ORDER BY ext_id USING ~<~ LIMIT $3) begins
    UNION
    SELECT id FROM (SELECT id FROM (SELECT id, ext_id, started_at FROM task
        WHERE started_at IS NOT NULL ORDER BY started_at DESC LIMIT 10000) newest, word
      WHERE ext_id ILIKE w
      ORDER BY started_at DESC, id LIMIT $3) holds
    UNION
    SELECT $2::uuid) hit
JOIN task t ON t.id = hit.id
JOIN dict class ON class.id = t.class_id
WHERE t.attempts > 0
ORDER BY t.started_at DESC NULLS LAST, t.id LIMIT $3)
UNION ALL
(SELECT 'attempt', a.id::text, m.name, a.started_at, a.cost_pusd, NULL, NULL, NULL, NULL,
  a.task_id, a.day, a.id, a.price_id, NULL, NULL, NULL
FROM attempt a JOIN model m ON m.id = a.model_id
WHERE $2 IS NOT NULL AND a.id = $2 LIMIT 1)
UNION ALL
(SELECT 'decision', d.id::text, d.policy || ' ' || d.plan, d.decided_at, NULL, NULL, NULL, NULL,
  NULL, d.task_id, NULL, NULL, NULL, d.day, d.id, NULL
FROM decision d WHERE $2 IS NOT NULL AND d.id = $2 LIMIT 1)
UNION ALL
(SELECT 'price', p.model, p.provider || coalesce(', ' || nullif(p.mode, ''), ''),
  p.valid_from::timestamp AT TIME ZONE 'UTC',
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, p.id, NULL, NULL, NULL
FROM price p, word WHERE p.model ILIKE w
ORDER BY p.model, p.id DESC LIMIT $3)
UNION ALL
(SELECT 'budget', b.subject, b.scope || ', ' || b.period, b.created_at, b.limit_pusd, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM budget b, word WHERE b.subject ILIKE w
ORDER BY b.subject LIMIT $3)
UNION ALL
(SELECT 'router', CASE jsonb_typeof(certificate -> 'version') WHEN 'string' THEN certificate ->> 'version'
    ELSE 'v' || id END, state, created_at, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id
FROM bundle, word WHERE (CASE jsonb_typeof(certificate -> 'version') WHEN 'string' THEN certificate ->> 'version'
    ELSE 'v' || id END) ILIKE w
ORDER BY id DESC LIMIT $3);
