-- Add to the sums of tasks, in this writer's slot.
-- params: text[], timestamptz[], smallint[], integer[], integer[], integer[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], numeric[], numeric[]
INSERT INTO task_rollup AS r (grain, bucket, slot, class_id, agent_id, team_id,
  started, judged, success_micro, routed, escalated, escalated_routed, paid_pusd,
  paid_judged_pusd)
SELECT g::rollup_grain, b, s, c, a, t, st, j, su, ro, es, er, p, pj
FROM unnest($1::text[], $2::timestamptz[], $3::smallint[], $4::integer[],
  $5::integer[], $6::integer[], $7::bigint[], $8::bigint[], $9::bigint[],
  $10::bigint[], $11::bigint[], $12::bigint[], $13::numeric[], $14::numeric[])
  AS x (g, b, s, c, a, t, st, j, su, ro, es, er, p, pj)
ON CONFLICT (grain, bucket, slot, class_id, agent_id, team_id)
DO UPDATE SET started = r.started + excluded.started,
  judged = r.judged + excluded.judged,
  success_micro = r.success_micro + excluded.success_micro,
  routed = r.routed + excluded.routed,
  escalated = r.escalated + excluded.escalated,
  escalated_routed = r.escalated_routed + excluded.escalated_routed,
  paid_pusd = r.paid_pusd + excluded.paid_pusd,
  paid_judged_pusd = r.paid_judged_pusd + excluded.paid_judged_pusd
