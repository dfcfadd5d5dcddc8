-- The ledger. What each table promises is said above it; the invariants that
-- hold between them are tested in tests/int. Conventions:
--   *_pusd   pico-dollars, exact;  *_at  timestamptz;  *_id  surrogate or hash
--   day      UTC day of the start as the content says; 1970-01-01 = undated
--   success_micro  0..1000000 stands for 0..1

CREATE TYPE step_kind AS ENUM ('plan', 'search', 'read', 'edit', 'execute',
  'verify', 'communicate', 'other');
CREATE TYPE attempt_status AS ENUM ('ok', 'error', 'aborted', 'refused');
CREATE TYPE usage_quality AS ENUM ('exact', 'inferred', 'no_ttl_split',
  'cache_unknown', 'estimated', 'aggregate', 'missing');
CREATE TYPE rollup_grain AS ENUM ('minute', 'hour', 'day');

-- Names that recur on many rows: team agent class sender source finish error
-- service_tier tool. Rows are only ever added.
CREATE TABLE dict (
  id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  name text NOT NULL,
  UNIQUE (kind, name)
);

-- The registry of models: every model that was seen or priced, with its tier
-- (1 cheapest .. 5 most capable; NULL = not known).
CREATE TABLE model (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider    text NOT NULL,
  name        text NOT NULL,
  tier        smallint CHECK (tier BETWEEN 1 AND 5),
  tier_source text NOT NULL DEFAULT 'default',
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider, name)
);

-- One immutable version of one price. All prices are femto-dollars (1e-15 USD)
-- a token; NULL = unknown, 0 = free. Where several rows fit a request, the
-- highest id wins.
CREATE TABLE price (
  id                  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source              text NOT NULL,
  source_date         date,
  provider            text NOT NULL,
  model               text NOT NULL,
  mode                text NOT NULL DEFAULT '',
  valid_from          date,
  utc_window          text NOT NULL DEFAULT '',
  input_fusd          bigint CHECK (input_fusd >= 0),
  output_fusd         bigint CHECK (output_fusd >= 0),
  cache_read_fusd     bigint CHECK (cache_read_fusd >= 0),
  cache_write_5m_fusd bigint CHECK (cache_write_5m_fusd >= 0),
  cache_write_1h_fusd bigint CHECK (cache_write_1h_fusd >= 0),
  reasoning_fusd      bigint CHECK (reasoning_fusd >= 0),
  audio_in_fusd       bigint CHECK (audio_in_fusd >= 0),
  audio_out_fusd      bigint CHECK (audio_out_fusd >= 0),
  tier_start_tokens   bigint CHECK (tier_start_tokens >= 0),
  tier_input_fusd          bigint CHECK (tier_input_fusd >= 0),
  tier_output_fusd         bigint CHECK (tier_output_fusd >= 0),
  tier_cache_read_fusd     bigint CHECK (tier_cache_read_fusd >= 0),
  tier_cache_write_5m_fusd bigint CHECK (tier_cache_write_5m_fusd >= 0),
  tier_cache_write_1h_fusd bigint CHECK (tier_cache_write_1h_fusd >= 0),
  batch_input_fusd    bigint CHECK (batch_input_fusd >= 0),
  batch_output_fusd   bigint CHECK (batch_output_fusd >= 0),
  flex_input_fusd     bigint CHECK (flex_input_fusd >= 0),
  flex_output_fusd    bigint CHECK (flex_output_fusd >= 0),
  flex_cache_read_fusd     bigint CHECK (flex_cache_read_fusd >= 0),
  priority_input_fusd      bigint CHECK (priority_input_fusd >= 0),
  priority_output_fusd     bigint CHECK (priority_output_fusd >= 0),
  priority_cache_read_fusd bigint CHECK (priority_cache_read_fusd >= 0),
  per_request_pusd    bigint CHECK (per_request_pusd >= 0),
  web_search_pusd     bigint CHECK (web_search_pusd >= 0), -- one search
  context_window      bigint,
  max_output          bigint,
  deprecated          text NOT NULL DEFAULT '',
  imported_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX price_model ON price (provider, model);

-- One unit of work with an outcome. id = hash of (sender, ext_id), so that
-- every source that names the same run names the same row. The sums are of
-- its attempts and move in the transaction that moves those.
CREATE TABLE task (
  id             uuid PRIMARY KEY,
  sender_id      integer NOT NULL REFERENCES dict,
  ext_id         text NOT NULL,
  parent_id      uuid,
  team_id        integer NOT NULL REFERENCES dict,
  agent_id       integer NOT NULL REFERENCES dict,
  class_id       integer NOT NULL REFERENCES dict,
  class_rank     smallint NOT NULL, -- who said the class; 6 guessed, 7 nobody
  who_ranks      smallint NOT NULL, -- which source said team, agent, attrs
  attrs          json,              -- small facts: cwd, version; no prompts
  started_at     timestamptz,       -- of the first attempt
  ended_at       timestamptz,
  attempts       bigint NOT NULL DEFAULT 0,
  errors         bigint NOT NULL DEFAULT 0,
  unpriced       bigint NOT NULL DEFAULT 0,
  escalations    bigint NOT NULL DEFAULT 0,
  routed         bigint NOT NULL DEFAULT 0, -- attempts that carry a decision
  uncached_in    bigint NOT NULL DEFAULT 0,
  cache_read     bigint NOT NULL DEFAULT 0,
  cache_write_5m bigint NOT NULL DEFAULT 0,
  cache_write_1h bigint NOT NULL DEFAULT 0,
  output         bigint NOT NULL DEFAULT 0,
  reasoning      bigint NOT NULL DEFAULT 0,
  cost_pusd      numeric NOT NULL DEFAULT 0,
  success_micro  integer CHECK (success_micro BETWEEN 0 AND 1000000),
  received_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX task_started ON task (started_at);
CREATE INDEX task_class_started ON task (class_id, started_at);
CREATE INDEX task_parent ON task (parent_id) WHERE parent_id IS NOT NULL;

-- One turn of a task's loop.
CREATE TABLE step (
  day        date NOT NULL,
  id         uuid NOT NULL,
  task_id    uuid NOT NULL,
  seq        integer,             -- position in the task, from 1
  kind       step_kind NOT NULL,
  tool_id    integer,             -- dict: the tool that was called, if one
  failed     boolean,             -- the tool's work failed
  started_at timestamptz,
  PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
CREATE INDEX step_task ON step (task_id);

-- The ledger row: one model call attempt, never aggregated. Token buckets are
-- disjoint, reasoning is a part of output; NULL = the source did not say.
CREATE TABLE attempt (
  day               date NOT NULL,
  id                uuid NOT NULL,
  task_id           uuid NOT NULL,
  step_id           uuid NOT NULL,
  step_day          date NOT NULL,
  model_id          integer NOT NULL,   -- that served
  requested_model_id integer,
  tier              smallint,           -- of the model when first recorded
  attempt_no        smallint NOT NULL DEFAULT 1,
  status            attempt_status NOT NULL,
  quality           usage_quality NOT NULL,
  started_at        timestamptz,
  first_token_at    timestamptz,
  ended_at          timestamptz,
  received_at       timestamptz NOT NULL,
  uncached_in       bigint CHECK (uncached_in >= 0),
  cache_read        bigint CHECK (cache_read >= 0),
  cache_write_5m    bigint CHECK (cache_write_5m >= 0),
  cache_write_1h    bigint CHECK (cache_write_1h >= 0),
  output            bigint CHECK (output >= 0),
  reasoning         bigint CHECK (reasoning >= 0),
  audio_in          bigint CHECK (audio_in >= 0),
  audio_out         bigint CHECK (audio_out >= 0),
  web_search        integer CHECK (web_search >= 0),
  other_tools       integer CHECK (other_tools >= 0),
  cost_pusd         bigint CHECK (cost_pusd >= 0), -- NULL = not priced
  price_id          integer,
  reported_cost_pusd bigint,            -- the sender's own figure
  source_id         integer NOT NULL,   -- dict: best source that reported it
  finish_id         integer,
  error_id          integer,
  service_tier_id   integer,
  escalated_from    uuid,
  decision_id       uuid,
  prov              integer NOT NULL,   -- rank of source, 4 bits a field group
  keys              bytea NOT NULL,     -- 16 bytes for each name it has
  evidence          real[],
  PRIMARY KEY (day, id),
  CHECK (reasoning IS NULL OR output IS NULL OR reasoning <= output)
) PARTITION BY RANGE (day);
CREATE INDEX attempt_task ON attempt (task_id);

-- Whether a row's tokens are a sum over calls, which never takes long-context
-- prices; prov holds the rank of the usage in its third four bits.
CREATE FUNCTION aco_is_aggregate(quality usage_quality, prov integer)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN quality = 'aggregate' OR (prov >> 8) & 15 = 6;

-- Every name under which an attempt is known: any hit means the same attempt.
-- A name stands under each UTC day within an hour of the call, so that two
-- reports that disagree about midnight still meet.
CREATE TABLE attempt_key (
  day         date NOT NULL,
  hash        uuid NOT NULL,
  attempt_day date NOT NULL,
  attempt_id  uuid NOT NULL,
  PRIMARY KEY (day, hash)
) PARTITION BY RANGE (day);

-- What the router chose and why.
CREATE TABLE decision (
  day         date NOT NULL,
  id          uuid NOT NULL,
  task_id     uuid NOT NULL,
  step_id     uuid,
  decided_at  timestamptz NOT NULL,
  bundle_id   integer,
  policy      text NOT NULL,
  plan        text NOT NULL,
  live        boolean NOT NULL,       -- false: shadow
  propensity  double precision NOT NULL CHECK (propensity > 0 AND propensity <= 1),
  feature_schema uuid,
  features    real[],
  p_success   real[],                 -- by tier
  p_low       real[],
  p_high      real[],
  expected_cost_pusd bigint[],
  bound_by    text,                   -- floor, rule or budget that decided
  reasons     jsonb,
  PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
CREATE INDEX decision_task ON decision (task_id);

-- Verdicts on tasks and steps, append-only: id is a hash of the whole content.
-- The current one of a (subject, source, key) is the latest by at, then id.
CREATE TABLE outcome (
  id            uuid PRIMARY KEY,
  task_id       uuid NOT NULL,
  step_id       uuid,
  source_id     integer NOT NULL REFERENCES dict,
  key           text NOT NULL,
  success_micro integer CHECK (success_micro BETWEEN 0 AND 1000000),
  label         text,
  at            timestamptz,
  received_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outcome_task ON outcome (task_id);

-- Imported verdicts on (task, model[, run]) without calls of their own. They
-- train and judge the router and never count as spend.
CREATE TABLE trial (
  id             uuid PRIMARY KEY,    -- hash of source, task, model, agent, run
  source         text NOT NULL,
  task_ext_id    text NOT NULL,
  task_class     text NOT NULL,
  model          text NOT NULL,
  agent          text,
  run            text,
  success_micro  integer CHECK (success_micro BETWEEN 0 AND 1000000),
  cost_pusd      bigint CHECK (cost_pusd >= 0),
  cost_estimated boolean NOT NULL DEFAULT false,
  input_tokens   bigint CHECK (input_tokens >= 0),
  output_tokens  bigint CHECK (output_tokens >= 0),
  api_calls      bigint CHECK (api_calls >= 0),
  at             timestamptz,
  attrs          jsonb,               -- what else the source says; no prompts
  prompt_hash    uuid,
  feature_schema uuid,
  features       real[],
  received_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX trial_task ON trial (source, task_ext_id);

-- What a recalculation changed; both figures are kept.
CREATE TABLE correction (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at           timestamptz NOT NULL DEFAULT now(),
  attempt_day  date NOT NULL,
  attempt_id   uuid NOT NULL,
  old_cost_pusd bigint,
  new_cost_pusd bigint,
  old_price_id integer,
  new_price_id integer,
  reason       text NOT NULL
);
CREATE INDEX correction_attempt ON correction (attempt_id);

-- Rows that could not be taken, with the reason. id is a hash of the content.
CREATE TABLE dead_letter (
  id          uuid PRIMARY KEY,
  received_at timestamptz NOT NULL DEFAULT now(),
  source      text NOT NULL,
  origin      text NOT NULL,   -- file:line, or the peer
  reason      text NOT NULL,
  sqlstate    text,
  body        bytea            -- the row as JSON, cut at 64 KiB
);

-- How far each file was imported. Written with the rows it speaks of.
CREATE TABLE import_file (
  kind        text NOT NULL,
  path        text NOT NULL,
  size        bigint NOT NULL,
  mtime_us    bigint NOT NULL,
  done_bytes  bigint NOT NULL,
  done_hash   uuid NOT NULL,   -- of the bytes before done_bytes
  imported_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, path)
);

-- Sums of attempts, kept in the transaction of the rows they sum. Each writer
-- has a slot of its own; readers add the slots up. tier 0 = none.
CREATE TABLE attempt_rollup (
  grain     rollup_grain NOT NULL,
  bucket    timestamptz NOT NULL,
  slot      smallint NOT NULL,
  class_id  integer NOT NULL,
  agent_id  integer NOT NULL,
  team_id   integer NOT NULL,
  model_id  integer NOT NULL,
  tier      smallint NOT NULL,
  attempts  bigint NOT NULL,
  errors    bigint NOT NULL,
  unpriced  bigint NOT NULL,
  escalations bigint NOT NULL,
  uncached_in bigint NOT NULL,
  cache_read  bigint NOT NULL,
  cache_write_5m bigint NOT NULL,
  cache_write_1h bigint NOT NULL,
  output    bigint NOT NULL,
  reasoning bigint NOT NULL,
  cost_pusd numeric NOT NULL,
  PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier)
) PARTITION BY LIST (grain);
CREATE TABLE attempt_rollup_minute PARTITION OF attempt_rollup
  FOR VALUES IN ('minute') PARTITION BY RANGE (bucket);
CREATE TABLE attempt_rollup_hour PARTITION OF attempt_rollup
  FOR VALUES IN ('hour') WITH (fillfactor = 70);
CREATE TABLE attempt_rollup_day PARTITION OF attempt_rollup
  FOR VALUES IN ('day') WITH (fillfactor = 70);

-- Sums of tasks by the start of the task.
CREATE TABLE task_rollup (
  grain     rollup_grain NOT NULL,
  bucket    timestamptz NOT NULL,
  slot      smallint NOT NULL,
  class_id  integer NOT NULL,
  agent_id  integer NOT NULL,
  team_id   integer NOT NULL,
  started   bigint NOT NULL,
  judged    bigint NOT NULL,
  success_micro bigint NOT NULL,   -- sum over the judged
  routed    bigint NOT NULL,
  escalated bigint NOT NULL,
  paid_pusd numeric NOT NULL,      -- cost of all attempts of these tasks
  paid_judged_pusd numeric NOT NULL,
  PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id)
) PARTITION BY LIST (grain);
CREATE TABLE task_rollup_minute PARTITION OF task_rollup
  FOR VALUES IN ('minute') PARTITION BY RANGE (bucket);
CREATE TABLE task_rollup_hour PARTITION OF task_rollup
  FOR VALUES IN ('hour') WITH (fillfactor = 70);
CREATE TABLE task_rollup_day PARTITION OF task_rollup
  FOR VALUES IN ('day') WITH (fillfactor = 70);

-- Static and oracle figures of a class and day, written by the daemon.
CREATE TABLE oracle_class_day (
  day        date NOT NULL,
  class_id   integer NOT NULL REFERENCES dict,
  computed_at timestamptz NOT NULL,
  judged     bigint NOT NULL,
  observed   bigint NOT NULL,
  paid_pusd  numeric NOT NULL,
  oracle_pusd numeric NOT NULL,
  oracle_low_pusd numeric,
  oracle_high_pusd numeric,
  success_micro bigint NOT NULL,
  oracle_success_micro bigint NOT NULL,
  figures    jsonb,            -- the baselines beside the oracle
  PRIMARY KEY (day, class_id)
);

-- Router versions with their certificates.
CREATE TABLE bundle (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at  timestamptz NOT NULL DEFAULT now(),
  state       text NOT NULL DEFAULT 'candidate'
              CHECK (state IN ('candidate', 'serving', 'retired', 'refused')),
  feature_schema uuid NOT NULL,
  certificate jsonb NOT NULL,
  body        bytea NOT NULL
);

CREATE TABLE api_key (
  id         uuid PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  hash       bytea NOT NULL UNIQUE,
  last4      text NOT NULL,
  role       text NOT NULL CHECK (role IN ('ingest', 'gateway', 'read', 'admin')),
  team_id    integer REFERENCES dict,
  class_id   integer REFERENCES dict,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

CREATE TABLE budget (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  scope      text NOT NULL CHECK (scope IN ('key', 'team', 'agent', 'class', 'task')),
  subject    text NOT NULL,
  period     text NOT NULL CHECK (period IN ('day', 'week', 'month', 'total')),
  timezone   text NOT NULL DEFAULT 'UTC',
  limit_pusd numeric NOT NULL CHECK (limit_pusd >= 0),
  hard       boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (scope, subject, period)
);

CREATE TABLE budget_lease (
  id            uuid PRIMARY KEY,
  budget_id     integer NOT NULL REFERENCES budget,
  holder        text NOT NULL,
  period_start  timestamptz NOT NULL,
  reserved_pusd numeric NOT NULL CHECK (reserved_pusd >= 0),
  settled_pusd  numeric,
  taken_at      timestamptz NOT NULL DEFAULT now(),
  settled_at    timestamptz
);

CREATE TABLE alert (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind     text NOT NULL,
  scope    text NOT NULL,
  period_start timestamptz NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now(),
  detail   jsonb NOT NULL,
  UNIQUE (kind, scope, period_start)
);

-- Make the partitions of one day, without blocking readers or writers. Whether
-- they are there is asked of pg_class and not of to_regclass(): the latter may
-- answer from a cache that waiting for the lock does not refresh.
CREATE FUNCTION aco_make_day(d date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  suffix text := to_char(d, 'YYYYMMDD');
  lo timestamptz := d::timestamp AT TIME ZONE 'UTC';
  hi timestamptz := (d + 1)::timestamp AT TIME ZONE 'UTC';
  parent text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('aco_make_day'));
  FOREACH parent IN ARRAY ARRAY['attempt', 'attempt_key', 'step', 'decision'] LOOP
    IF NOT EXISTS (SELECT FROM pg_class p JOIN pg_class c USING (relnamespace)
        WHERE p.oid = parent::regclass AND c.relname = parent || '_' || suffix) THEN
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
        parent || '_' || suffix, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, parent || '_' || suffix, d, d + 1);
    END IF;
  END LOOP;
  FOREACH parent IN ARRAY ARRAY['attempt_rollup_minute', 'task_rollup_minute'] LOOP
    IF NOT EXISTS (SELECT FROM pg_class p JOIN pg_class c USING (relnamespace)
        WHERE p.oid = parent::regclass AND c.relname = parent || '_' || suffix) THEN
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS) WITH (fillfactor = 70)',
        parent || '_' || suffix, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, parent || '_' || suffix, lo, hi);
    END IF;
  END LOOP;
END $$;

-- Drop the partitions of every dated day before d; returns how many days.
CREATE FUNCTION aco_drop_before(d date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  part record;
  days date[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('aco_make_day'));
  FOR part IN
    SELECT c.oid::regclass AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('attempt'::regclass, 'attempt_key'::regclass,
        'step'::regclass, 'decision'::regclass,
        'attempt_rollup_minute'::regclass, 'task_rollup_minute'::regclass)
      AND c.relname ~ '_[0-9]{8}$'
  LOOP
    IF part.day < d AND part.day > '1970-01-01' THEN
      EXECUTE format('DROP TABLE %s', part.name);
      IF NOT part.day = ANY (days) THEN
        days := days || part.day;
      END IF;
    END IF;
  END LOOP;
  RETURN cardinality(days);
END $$;

SELECT aco_make_day('1970-01-01');

-- ---- the public read interface ----

CREATE VIEW v_task AS
SELECT t.id AS task_id, s.name AS sender, t.ext_id, t.parent_id AS parent_task_id,
  team.name AS team, agent.name AS agent, class.name AS task_class,
  t.class_rank = 6 AS class_guessed,
  t.started_at, t.ended_at, t.attempts, t.errors, t.unpriced, t.escalations,
  t.routed AS routed_attempts,
  t.uncached_in, t.cache_read, t.cache_write_5m, t.cache_write_1h, t.output,
  t.reasoning, trim_scale(t.cost_pusd * 0.000000000001) AS cost_usd,
  trim_scale(t.success_micro * 0.000001) AS success, t.attrs
FROM task t
JOIN dict s ON s.id = t.sender_id
JOIN dict team ON team.id = t.team_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict class ON class.id = t.class_id;

CREATE VIEW v_attempt AS
SELECT a.day, a.id AS attempt_id, a.task_id, t.ext_id AS task_ext_id,
  t.parent_id AS parent_task_id, a.step_id, a.step_day, team.name AS team,
  agent.name AS agent, class.name AS task_class, a.attempt_no,
  a.started_at, a.first_token_at, a.ended_at, a.received_at,
  m.provider, r.name AS requested_model, m.name AS model, a.tier,
  a.uncached_in, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output,
  a.reasoning, a.audio_in, a.audio_out, a.web_search, a.other_tools,
  trim_scale(a.cost_pusd * 0.000000000001) AS cost_usd, a.price_id,
  trim_scale(a.reported_cost_pusd * 0.000000000001) AS reported_cost_usd,
  a.status, fin.name AS finish_reason, er.name AS error_class,
  st.name AS service_tier, a.quality AS usage_quality, src.name AS source,
  a.escalated_from, a.decision_id
FROM attempt a
JOIN task t ON t.id = a.task_id
JOIN dict team ON team.id = t.team_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict class ON class.id = t.class_id
JOIN model m ON m.id = a.model_id
JOIN dict src ON src.id = a.source_id
LEFT JOIN model r ON r.id = a.requested_model_id
LEFT JOIN dict fin ON fin.id = a.finish_id
LEFT JOIN dict er ON er.id = a.error_id
LEFT JOIN dict st ON st.id = a.service_tier_id;

CREATE VIEW v_step AS
SELECT s.day, s.id AS step_id, s.task_id, t.ext_id AS task_ext_id,
  class.name AS task_class, s.seq, s.kind, tool.name AS tool, s.failed,
  s.started_at
FROM step s
JOIN task t ON t.id = s.task_id
JOIN dict class ON class.id = t.class_id
LEFT JOIN dict tool ON tool.id = s.tool_id;

CREATE VIEW v_outcome AS
SELECT o.id AS outcome_id, o.task_id, t.ext_id AS task_ext_id, o.step_id,
  src.name AS source, o.key, trim_scale(o.success_micro * 0.000001) AS success,
  o.label, o.at, o.received_at,
  row_number() OVER (PARTITION BY o.task_id, o.step_id, o.source_id, o.key
    ORDER BY o.at DESC NULLS LAST, o.id DESC) = 1 AS current
FROM outcome o
JOIN task t ON t.id = o.task_id
JOIN dict src ON src.id = o.source_id;

CREATE VIEW v_trial AS
SELECT id AS trial_id, source, task_ext_id AS task_id, task_class, model, agent,
  run, trim_scale(success_micro * 0.000001) AS success,
  trim_scale(cost_pusd * 0.000000000001) AS cost_usd, cost_estimated,
  input_tokens, output_tokens, api_calls, at, attrs,
  features IS NOT NULL AS has_features
FROM trial;

CREATE VIEW v_decision AS
SELECT d.day, d.id AS decision_id, d.task_id, d.step_id, d.decided_at,
  d.bundle_id, d.policy, d.plan, d.live, d.propensity, d.p_success, d.p_low,
  d.p_high, d.bound_by, d.reasons
FROM decision d;

CREATE VIEW v_class_day AS
SELECT coalesce(a.day, t.day) AS day, class.name AS task_class,
  coalesce(t.started, 0) AS tasks, coalesce(t.judged, 0) AS judged,
  trim_scale(coalesce(t.success_micro, 0) * 0.000001) AS succeeded,
  coalesce(t.routed, 0) AS routed, coalesce(t.escalated, 0) AS escalated,
  coalesce(a.attempts, 0) AS attempts, coalesce(a.errors, 0) AS errors,
  coalesce(a.unpriced, 0) AS unpriced,
  coalesce(a.uncached_in, 0) AS uncached_in, coalesce(a.cache_read, 0) AS cache_read,
  coalesce(a.cache_write_5m, 0) AS cache_write_5m,
  coalesce(a.cache_write_1h, 0) AS cache_write_1h,
  coalesce(a.output, 0) AS output, coalesce(a.reasoning, 0) AS reasoning,
  trim_scale(coalesce(a.cost_pusd, 0) * 0.000000000001) AS cost_usd
FROM (SELECT (bucket AT TIME ZONE 'UTC')::date AS day, class_id,
        sum(attempts) AS attempts, sum(errors) AS errors, sum(unpriced) AS unpriced,
        sum(uncached_in) AS uncached_in, sum(cache_read) AS cache_read,
        sum(cache_write_5m) AS cache_write_5m, sum(cache_write_1h) AS cache_write_1h,
        sum(output) AS output, sum(reasoning) AS reasoning, sum(cost_pusd) AS cost_pusd
      FROM attempt_rollup WHERE grain = 'day' GROUP BY 1, 2) a
FULL JOIN (SELECT (bucket AT TIME ZONE 'UTC')::date AS day, class_id,
        sum(started) AS started, sum(judged) AS judged,
        sum(success_micro) AS success_micro, sum(routed) AS routed,
        sum(escalated) AS escalated
      FROM task_rollup WHERE grain = 'day' GROUP BY 1, 2) t
  ON t.day = a.day AND t.class_id = a.class_id
JOIN dict class ON class.id = coalesce(a.class_id, t.class_id);
