-- Verdicts; one that is there already is left.
-- params: uuid[], uuid[], uuid[], integer[], text[], integer[], text[], timestamptz[]
INSERT INTO outcome (id, task_id, step_id, source_id, key, success_micro, label, at)
SELECT i, t, s, o, k, su, l, w
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS u (i, t, s, o, k, su, l, w)
ON CONFLICT (id) DO NOTHING
