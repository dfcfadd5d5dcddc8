-- Spend over a span of time by one dimension: attempts by their own start, and
-- where the dimension is one of tasks too (and neither model nor tier is
-- fixed), tasks by theirs. $1..$6: the edges of the span (aco_calls), $7: class,
-- agent, team, model or tier; $8..$12: only this class, agent, team, model, tier
-- (NULL: any).
-- Columns: id, name, provider, tier, tasks, judged, success_micro, routed,
-- escalated, escalated_routed (of them by a decision), paid_pusd,
-- paid_judged_pusd, attempts, errors, unpriced, escalations, uncached_in,
-- cache_read, cache_write_5m, cache_write_1h, output, reasoning, cost_pusd.
-- params: timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, text, integer, integer, integer, integer, integer
SELECT g.id, coalesce(d.name, m.name, CASE WHEN g.id > 0 THEN 'tier ' || g.id ELSE 'no tier' END)
    AS name, m.provider, CASE WHEN $7::text = 'tier' THEN g.id ELSE m.tier END AS tier,
  coalesce(g.started, 0)::bigint AS tasks,
  coalesce(g.judged, 0)::bigint AS judged,
  coalesce(g.success_micro, 0)::bigint AS success_micro,
  coalesce(g.routed, 0)::bigint AS routed,
  coalesce(g.escalated, 0)::bigint AS escalated,
  coalesce(g.escalated_routed, 0)::bigint AS escalated_routed,
  coalesce(g.paid_pusd, 0) AS paid_pusd,
  coalesce(g.paid_judged_pusd, 0) AS paid_judged_pusd,
  coalesce(g.attempts, 0)::bigint AS attempts,
  coalesce(g.errors, 0)::bigint AS errors,
  coalesce(g.unpriced, 0)::bigint AS unpriced,
  coalesce(g.escalations, 0)::bigint AS escalations,
  coalesce(g.uncached_in, 0)::bigint AS uncached_in,
  coalesce(g.cache_read, 0)::bigint AS cache_read,
  coalesce(g.cache_write_5m, 0)::bigint AS cache_write_5m,
  coalesce(g.cache_write_1h, 0)::bigint AS cache_write_1h,
  coalesce(g.output, 0)::bigint AS output,
  coalesce(g.reasoning, 0)::bigint AS reasoning,
  coalesce(g.cost_pusd, 0) AS cost_pusd
FROM (SELECT id, attempts, errors, unpriced, escalations, uncached_in, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, cost_pusd, started, judged,
    success_micro, routed, escalated, escalated_routed, paid_pusd, paid_judged_pusd
  FROM (SELECT CASE $7 WHEN 'class' THEN class_id WHEN 'agent' THEN agent_id
      WHEN 'team' THEN team_id WHEN 'model' THEN model_id ELSE tier END AS id,
    sum(attempts) AS attempts, sum(errors) AS errors,
    sum(unpriced) AS unpriced, sum(escalations) AS escalations,
    sum(uncached_in) AS uncached_in,
    sum(cache_read) AS cache_read, sum(cache_write_5m) AS cache_write_5m,
    sum(cache_write_1h) AS cache_write_1h, sum(output) AS output,
    sum(reasoning) AS reasoning, sum(cost_pusd) AS cost_pusd
  FROM aco_calls($1, $2, $3, $4, $5, $6)
  WHERE ($8::integer IS NULL OR class_id = $8) AND ($9::integer IS NULL OR agent_id = $9)
    AND ($10::integer IS NULL OR team_id = $10) AND ($11::integer IS NULL OR model_id = $11)
    AND ($12::integer IS NULL OR tier = $12)
  GROUP BY 1) s
FULL JOIN (SELECT CASE $7 WHEN 'class' THEN class_id WHEN 'agent' THEN agent_id
      ELSE team_id END AS id,
    sum(started) AS started, sum(judged) AS judged,
    sum(success_micro) AS success_micro, sum(routed) AS routed,
    sum(escalated) AS escalated,
    sum(escalated_routed) AS escalated_routed, sum(paid_pusd) AS paid_pusd,
    sum(paid_judged_pusd) AS paid_judged_pusd
  FROM aco_tasks($1, $2, $3, $4, $5, $6)
  WHERE $7 IN ('class', 'agent', 'team') AND $11 IS NULL AND $12 IS NULL
    AND ($8 IS NULL OR class_id = $8) AND ($9 IS NULL OR agent_id = $9)
    AND ($10 IS NULL OR team_id = $10)
  GROUP BY 1) ts USING (id)
  WHERE s.attempts <> 0 OR ts.started <> 0) g
LEFT JOIN dict d ON d.id = g.id AND $7 IN ('class', 'agent', 'team')
LEFT JOIN model m ON m.id = g.id AND $7 = 'model'
ORDER BY name, provider;
