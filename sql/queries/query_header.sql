-- What the header says beside the sums: what today cost, the budget of a day, and
-- which router serves. Of scopes that overlap (teams, classes) the one with the largest sum
-- of limits is meant. $1: the earliest day on which a decision counts,
-- $2..$7: the edges of today (aco_calls).
-- Columns: today_pusd, budget_pusd, bundle_id, version, drift, learned, classes, live, any_budget.
-- params: date, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
SELECT (SELECT coalesce(sum(cost_pusd), 0) FROM aco_calls($2, $3, $4, $5, $6, $7)) AS today_pusd,
  (SELECT max(total) FROM (SELECT sum(limit_pusd) AS total FROM budget
    WHERE period = 'day' GROUP BY scope) b) AS budget_pusd,
  b.id AS bundle_id, b.version,
  b.certificate #>> '{drift,state}' AS drift,
  coalesce(k.learned, 0) AS learned, coalesce(k.classes, 0) AS classes,
  (SELECT live FROM decision WHERE day >= $1::date
    ORDER BY decided_at DESC LIMIT 1) AS live,
  EXISTS (SELECT FROM budget) AS any_budget
FROM (SELECT 1) one
LEFT JOIN (SELECT id, certificate, CASE jsonb_typeof(certificate -> 'version') WHEN 'string' THEN certificate ->> 'version'
    ELSE 'v' || id END AS version FROM bundle WHERE state = 'serving'
  ORDER BY id DESC LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE c ->> 'serves' = 'learned') AS learned,
    count(*) AS classes
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(b.certificate -> 'classes') = 'array'
    THEN b.certificate -> 'classes' ELSE '[]' END) c) k ON true;
