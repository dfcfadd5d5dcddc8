-- Verdicts; one that is there already is left.
-- params: uuid[], uuid[], uuid[], integer[], text[], integer[], text[], timestamptz[]
INSERT INTO outcome (id, task_id, step_id, source_id, key, success_micro, label, at)
SELECT i, t, s, o, k, su, l, w
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[],
  $6::integer[], $7::text[], $8::timestamptz[]) AS u (i, t, s, o, k, su, l, w)
ON CONFLICT (id) DO NOTHING
