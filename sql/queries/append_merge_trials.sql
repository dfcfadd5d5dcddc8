-- Trials, some of which are known: what differs is replaced by the later
-- report. Returns whether each row written was new. (It reads a temporary
-- table, so it cannot be prepared before that is there.)
-- exec: run
INSERT INTO trial AS t (id, source, task_ext_id, task_class, model, agent, run, success_micro,
  cost_pusd, cost_estimated, input_tokens, output_tokens, api_calls, at, attrs,
  prompt_hash, feature_schema, features)
SELECT id, source, task_ext_id, task_class, model, agent, run, success_micro,
  cost_pusd, cost_estimated, input_tokens, output_tokens, api_calls, at, attrs,
  prompt_hash, feature_schema, features
FROM trial_stage ORDER BY id
ON CONFLICT (id) DO UPDATE SET task_class = excluded.task_class,
  success_micro = excluded.success_micro, cost_pusd = excluded.cost_pusd,
  cost_estimated = excluded.cost_estimated,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
  api_calls = excluded.api_calls, at = excluded.at, attrs = excluded.attrs,
  prompt_hash = excluded.prompt_hash,
  feature_schema = excluded.feature_schema, features = excluded.features
WHERE (t.task_class, t.success_micro, t.cost_pusd, t.cost_estimated,
    t.input_tokens, t.output_tokens, t.api_calls, t.at, t.attrs, t.prompt_hash,
    t.feature_schema, t.features)
  IS DISTINCT FROM (excluded.task_class, excluded.success_micro,
    excluded.cost_pusd, excluded.cost_estimated, excluded.input_tokens,
    excluded.output_tokens, excluded.api_calls, excluded.at, excluded.attrs,
    excluded.prompt_hash, excluded.feature_schema, excluded.features)
RETURNING xmax = 0 AS is_new
