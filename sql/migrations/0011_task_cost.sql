-- Tasks by their cost, so that the dearest of any days are found without looking
-- at all of them. An index of task itself would cost writers dearly: each call
-- changes its task's cost, and today such a change touches no index. So a task
-- that nothing was heard of for some minutes gets a row here, from the janitor;
-- until then, and again once it changes, it stands in task_open. Each task is in
-- one of the two, in the transaction that says so of the task: whoever writes to
-- task moves it. Rows of both are touched only under the lock of their task.
CREATE TABLE task_cost (
  task_id uuid PRIMARY KEY,
  day date,                -- UTC, of its start; 1970-01-01: not known; NULL: no calls
  class_id integer NOT NULL,
  agent_id integer NOT NULL,
  team_id integer NOT NULL,
  started_at timestamptz,
  cost_pusd numeric NOT NULL
);

CREATE TABLE task_open (
  task_id uuid PRIMARY KEY,
  opened_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX task_open_since ON task_open (opened_at);

INSERT INTO task_cost
SELECT id, CASE WHEN attempts > 0 THEN
    coalesce((started_at AT TIME ZONE 'UTC')::date, '1970-01-01') END,
  class_id, agent_id, team_id, started_at, cost_pusd
FROM task;

CREATE INDEX task_cost_day ON task_cost (day, cost_pusd DESC, task_id);
CREATE INDEX task_cost_class ON task_cost (class_id, day, cost_pusd DESC, task_id);
CREATE INDEX task_cost_agent ON task_cost (agent_id, day, cost_pusd DESC, task_id);
