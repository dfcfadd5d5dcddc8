-- exec: run
COPY trial_stage (id, source, task_ext_id, task_class, model, agent, run, success_micro,
  cost_pusd, cost_estimated, input_tokens, output_tokens, api_calls, at, attrs,
  prompt_hash, feature_schema, features, evidence)
FROM STDIN (FORMAT binary)
