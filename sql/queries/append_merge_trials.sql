-- Trials, some of which are known: the later report wins in what it says, what
-- it does not say stays, and an estimated cost does not replace a measured
-- one. Returns whether each row written was new. (It reads a temporary table,
-- so it cannot be prepared before that is there.)
-- exec: run
INSERT INTO trial AS t (id, source, task_ext_id, task_class, model, agent, run, success_micro,
  cost_pusd, cost_estimated, input_tokens, output_tokens, api_calls, at, attrs,
  prompt_hash, feature_schema, features, evidence)
SELECT s.id, s.source, s.task_ext_id,
  CASE WHEN s.task_class = 'unattributed' THEN coalesce(o.task_class, s.task_class)
    ELSE s.task_class END,
  s.model, s.agent, s.run, s.success_micro,
  CASE WHEN k.keep THEN o.cost_pusd ELSE s.cost_pusd END,
  CASE WHEN k.keep THEN o.cost_estimated ELSE s.cost_estimated END,
  coalesce(s.input_tokens, o.input_tokens),
  coalesce(s.output_tokens, o.output_tokens), coalesce(s.api_calls, o.api_calls),
  coalesce(s.at, o.at), coalesce(s.attrs, o.attrs),
  coalesce(s.prompt_hash, o.prompt_hash),
  CASE WHEN s.features IS NULL THEN o.feature_schema ELSE s.feature_schema END,
  coalesce(s.features, o.features), coalesce(s.evidence, o.evidence)
FROM trial_stage s
LEFT JOIN trial o ON o.id = s.id
CROSS JOIN LATERAL (SELECT o.cost_pusd IS NOT NULL AND (s.cost_pusd IS NULL
  OR (s.cost_estimated AND NOT o.cost_estimated)) AS keep) k
ORDER BY s.id
ON CONFLICT (id) DO UPDATE SET task_class = excluded.task_class,
  success_micro = excluded.success_micro, cost_pusd = excluded.cost_pusd,
  cost_estimated = excluded.cost_estimated,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
  api_calls = excluded.api_calls, at = excluded.at, attrs = excluded.attrs,
  prompt_hash = excluded.prompt_hash,
  feature_schema = excluded.feature_schema, features = excluded.features,
  evidence = excluded.evidence
WHERE (t.task_class, t.success_micro, t.cost_pusd, t.cost_estimated,
    t.input_tokens, t.output_tokens, t.api_calls, t.at, t.attrs, t.prompt_hash,
    t.feature_schema, t.features, t.evidence)
  IS DISTINCT FROM (excluded.task_class, excluded.success_micro,
    excluded.cost_pusd, excluded.cost_estimated, excluded.input_tokens,
    excluded.output_tokens, excluded.api_calls, excluded.at, excluded.attrs,
    excluded.prompt_hash, excluded.feature_schema, excluded.features,
    excluded.evidence)
RETURNING xmax = 0 AS is_new
