-- What the dashboard reads.

-- Rollups over a span given by its six edges: minutes, hours, days, hours,
-- minutes (query_edges() in ledger/query.c). The planner inlines both.
CREATE FUNCTION aco_calls(t0 timestamptz, t1 timestamptz, t2 timestamptz,
  t3 timestamptz, t4 timestamptz, t5 timestamptz)
RETURNS SETOF attempt_rollup LANGUAGE sql STABLE AS $$
  SELECT * FROM attempt_rollup WHERE grain = 'minute' AND bucket >= t0 AND bucket < t1
  UNION ALL
  SELECT * FROM attempt_rollup WHERE grain = 'hour' AND bucket >= t1 AND bucket < t2
  UNION ALL
  SELECT * FROM attempt_rollup WHERE grain = 'day' AND bucket >= t2 AND bucket < t3
  UNION ALL
  SELECT * FROM attempt_rollup WHERE grain = 'hour' AND bucket >= t3 AND bucket < t4
  UNION ALL
  SELECT * FROM attempt_rollup WHERE grain = 'minute' AND bucket >= t4 AND bucket < t5
$$;

CREATE FUNCTION aco_tasks(t0 timestamptz, t1 timestamptz, t2 timestamptz,
  t3 timestamptz, t4 timestamptz, t5 timestamptz)
RETURNS SETOF task_rollup LANGUAGE sql STABLE AS $$
  SELECT * FROM task_rollup WHERE grain = 'minute' AND bucket >= t0 AND bucket < t1
  UNION ALL
  SELECT * FROM task_rollup WHERE grain = 'hour' AND bucket >= t1 AND bucket < t2
  UNION ALL
  SELECT * FROM task_rollup WHERE grain = 'day' AND bucket >= t2 AND bucket < t3
  UNION ALL
  SELECT * FROM task_rollup WHERE grain = 'hour' AND bucket >= t3 AND bucket < t4
  UNION ALL
  SELECT * FROM task_rollup WHERE grain = 'minute' AND bucket >= t4 AND bucket < t5
$$;

-- Dollars as JSON tells them, in pico-dollars; NULL for what is no amount.
CREATE FUNCTION aco_pusd(usd text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN usd ~ '^-?[0-9]{1,15}(\.[0-9]{1,40})?([eE]-?[0-9]{1,2})?$'
    THEN round(usd::numeric * 1000000000000) END
$$;

-- A task by the name its sender gave it, or by how that begins.
CREATE INDEX task_ext ON task (ext_id text_pattern_ops);
CREATE INDEX task_agent_started ON task (agent_id, started_at);
CREATE INDEX decision_at ON decision (decided_at);
CREATE INDEX alert_raised ON alert (raised_at);
CREATE INDEX dead_letter_received ON dead_letter (received_at);
