-- Steps, some of which are there: the more specific kind wins, the first
-- position, the earliest start; a failure stays one. The result does not
-- depend on the order of arrival.
-- params: date[], uuid[], uuid[], integer[], text[], integer[], boolean[], timestamptz[]
INSERT INTO step AS s (day, id, task_id, seq, kind, tool_id, failed, started_at)
SELECT d, i, t, q, k::step_kind, l, f, w
FROM unnest($1::date[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[],
  $6::integer[], $7::boolean[], $8::timestamptz[]) AS u (d, i, t, q, k, l, f, w)
ON CONFLICT (day, id) DO UPDATE SET
  seq = least(s.seq, excluded.seq),
  kind = least(s.kind, excluded.kind),
  tool_id = least(s.tool_id, excluded.tool_id),
  failed = coalesce(s.failed OR excluded.failed, s.failed, excluded.failed),
  started_at = least(s.started_at, excluded.started_at)
WHERE (s.seq, s.kind, s.tool_id, s.failed, s.started_at) IS DISTINCT FROM
  (least(s.seq, excluded.seq), least(s.kind, excluded.kind),
   least(s.tool_id, excluded.tool_id),
   coalesce(s.failed OR excluded.failed, s.failed, excluded.failed),
   least(s.started_at, excluded.started_at))
