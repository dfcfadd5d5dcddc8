-- What the router and the gateway add: decisions and evidence as a trainer
-- reads them.

-- Numbers as JSON; NaN, which JSON lacks, is null.
CREATE FUNCTION aco_reals(v real[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_agg(CASE WHEN x = 'NaN' THEN NULL ELSE x END ORDER BY n)
  FROM unnest(v) WITH ORDINALITY AS u (x, n));

-- Pico-dollars as JSON texts in dollars, exactly.
CREATE FUNCTION aco_costs_usd(v bigint[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_agg(trim_scale(x * 0.000000000001)::text ORDER BY n)
  FROM unnest(v) WITH ORDINALITY AS u (x, n));

CREATE OR REPLACE VIEW v_attempt AS
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
  a.escalated_from, a.decision_id, a.evidence
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

CREATE OR REPLACE VIEW v_decision AS
SELECT d.day, d.id AS decision_id, d.task_id, d.step_id, d.decided_at,
  d.bundle_id, d.policy, d.plan, d.live, d.propensity, d.p_success, d.p_low,
  d.p_high, d.bound_by, d.reasons, d.feature_schema, d.features,
  d.expected_cost_pusd
FROM decision d;

-- ---- budgets ----

-- What is spent counts from the ledger too, whatever path it came by, unless
-- `ledger` is false: then only what the gateway settles. The subject '*' means
-- each of the scope has the limit for itself.
ALTER TABLE budget ADD COLUMN ledger boolean NOT NULL DEFAULT true;

-- A process that leases, while it holds the advisory lock (1633906433, id).
-- Rows are of one process each: who starts again is another holder.
CREATE TABLE budget_holder (
  id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL,          -- host and pid, for people
  started_at    timestamptz NOT NULL DEFAULT now(),
  missing_since timestamptz             -- its lock was found free
);

-- One budget in one period, of one subject. Never more than
--   limit >= greatest(base + settled + leased, ledger) + what is granted
-- is granted, so that all holders together keep to a hard limit; and a call
-- counts once, whether the gateway settled it, the ledger holds it, or both.
CREATE TABLE budget_account (
  budget_id    integer NOT NULL REFERENCES budget ON DELETE CASCADE,
  subject      text NOT NULL,           -- of a task: its row's id
  period_start timestamptz NOT NULL,
  period_end   timestamptz NOT NULL,    -- 'infinity': total
  base_pusd    numeric NOT NULL DEFAULT 0, -- in the ledger when it was opened
  settled_pusd numeric NOT NULL DEFAULT 0, -- by the gateway since
  leased_pusd  numeric NOT NULL DEFAULT 0, -- to all holders, not yet settled
  ledger_pusd  numeric NOT NULL DEFAULT 0, -- in the ledger when last looked
  ledger_at    timestamptz NOT NULL DEFAULT now(),
  wanted_at    timestamptz,             -- a holder was refused: give back
  PRIMARY KEY (budget_id, subject, period_start)
);

-- What a holder has of an account, numbered by the holder. settled_pusd is all
-- that it ever told to have settled, so that told twice it counts once.
DROP TABLE budget_lease;
CREATE TABLE budget_lease (
  holder_id    integer NOT NULL REFERENCES budget_holder ON DELETE CASCADE,
  no           integer NOT NULL,
  budget_id    integer NOT NULL,
  subject      text NOT NULL,
  period_start timestamptz NOT NULL,
  leased_pusd  numeric NOT NULL CHECK (leased_pusd >= 0),
  live_pusd    numeric NOT NULL DEFAULT 0, -- of it: reserved by requests
  settled_pusd numeric NOT NULL DEFAULT 0,
  told_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (holder_id, no),
  FOREIGN KEY (budget_id, subject, period_start) REFERENCES budget_account
    ON DELETE CASCADE
);
CREATE INDEX budget_lease_account ON budget_lease (budget_id, subject, period_start);

-- The instant at which the clocks of a zone first show a time, or, where they
-- skip it, at which they skip it.
CREATE FUNCTION aco_zone_instant(ts timestamp, zone text) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN (SELECT min(c) FROM (VALUES (ts AT TIME ZONE zone),
    ((ts AT TIME ZONE zone) - interval '30 minutes'),
    ((ts AT TIME ZONE zone) - interval '1 hour')) AS v (c)
  WHERE c AT TIME ZONE zone >= ts);

-- The period of a kind that holds an instant, [starts, ends), in a zone. Weeks
-- begin on Monday. 'total' begins with the ledger, what is undated included.
CREATE FUNCTION aco_budget_period(period text, zone text, at timestamptz,
  OUT starts timestamptz, OUT ends timestamptz) LANGUAGE sql STABLE AS $$
SELECT CASE WHEN period = 'total' THEN '1970-01-01Z'
    ELSE aco_zone_instant(date_trunc(period, at AT TIME ZONE zone), zone) END,
  CASE WHEN period = 'total' THEN 'infinity'
    ELSE aco_zone_instant(date_trunc(period, at AT TIME ZONE zone)
      + ('1 ' || period)::interval, zone) END
$$;

-- What the ledger knows that a subject spent from an instant on. The ledger
-- does not know keys. Sums of hours serve where the instant begins one.
CREATE FUNCTION aco_budget_spent(scope text, subject text, since timestamptz)
RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
  g rollup_grain := CASE WHEN date_trunc('hour', since) = since THEN 'hour' ELSE 'minute' END;
  name_id integer;
  spent numeric;
BEGIN
  IF scope = 'task' THEN
    SELECT sum(cost_pusd) INTO spent FROM attempt
    WHERE task_id = subject::uuid AND (started_at >= since OR since <= '1970-01-01Z');
  ELSIF scope IN ('team', 'agent', 'class') THEN
    SELECT id INTO name_id FROM dict WHERE kind = scope AND name = subject;
    IF scope = 'team' THEN
      SELECT sum(cost_pusd) INTO spent FROM attempt_rollup
      WHERE grain = g AND bucket >= since AND team_id = name_id;
    ELSIF scope = 'agent' THEN
      SELECT sum(cost_pusd) INTO spent FROM attempt_rollup
      WHERE grain = g AND bucket >= since AND agent_id = name_id;
    ELSE
      SELECT sum(cost_pusd) INTO spent FROM attempt_rollup
      WHERE grain = g AND bucket >= since AND class_id = name_id;
    END IF;
  END IF;
  RETURN coalesce(spent, 0);
END $$;

-- The account of a budget's present period, opened if need be, locked, and
-- with the ledger's figure not older than 10 s. NULL: no such budget.
CREATE FUNCTION aco_budget_account(b budget, whose text, at timestamptz)
RETURNS budget_account LANGUAGE plpgsql AS $$
DECLARE
  p record := aco_budget_period(b.period, b.timezone, at);
  a budget_account;
  spent numeric;
BEGIN
  SELECT * INTO a FROM budget_account x WHERE x.budget_id = b.id
    AND x.subject = whose AND x.period_start = p.starts FOR UPDATE;
  IF NOT FOUND THEN
    spent := CASE WHEN b.ledger THEN aco_budget_spent(b.scope, whose, p.starts) ELSE 0 END;
    INSERT INTO budget_account (budget_id, subject, period_start, period_end,
      base_pusd, ledger_pusd, ledger_at)
    VALUES (b.id, whose, p.starts, p.ends, spent, spent, clock_timestamp())
    ON CONFLICT DO NOTHING;
    SELECT * INTO a FROM budget_account x WHERE x.budget_id = b.id
      AND x.subject = whose AND x.period_start = p.starts FOR UPDATE;
  ELSIF b.ledger AND a.ledger_at < clock_timestamp() - interval '10 seconds' THEN
    a.ledger_pusd := aco_budget_spent(b.scope, whose, p.starts);
    a.ledger_at := clock_timestamp();
    UPDATE budget_account x SET ledger_pusd = a.ledger_pusd, ledger_at = a.ledger_at
    WHERE x.budget_id = a.budget_id AND x.subject = a.subject
      AND x.period_start = a.period_start;
  END IF;
  RETURN a;
END $$;

-- A holder tells what it has settled in all, what it keeps of its lease and how
-- much of that requests have reserved, and asks for more: `need` or nothing,
-- and up to `extra` beyond, of which the less is given the less is left. Told
-- and asked twice, it counts once. `since` is the lease's period, NULL for the
-- present one; once that is over nothing is given. Of a refusal idle_pusd says
-- what other holders have leased and not reserved. No row: there is no such
-- budget (any more).
CREATE FUNCTION aco_budget_lease(holder integer, lease integer, budget integer, whose text,
  since timestamptz, settled numeric, keep numeric, live numeric, need numeric,
  extra numeric, at timestamptz)
RETURNS TABLE (period_start timestamptz, ends_in_us bigint, period_end timestamptz,
  leased_pusd bigint, granted boolean, free_pusd bigint, spent_pusd bigint,
  idle_pusd bigint, wanted boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  b budget;
  o budget_account;
  l budget_lease;
  held numeric := greatest(keep, 0);
  given numeric := 0;
  free numeric;
  spent numeric;
  idle numeric := 0;
  present timestamptz;
  most constant numeric := 9223372036854775807;
BEGIN
  SELECT * INTO b FROM budget x WHERE x.id = aco_budget_lease.budget;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT starts INTO present FROM aco_budget_period(b.period, b.timezone, at);
  IF since IS NULL OR since = present THEN
    o := aco_budget_account(b, whose, at);
  ELSE
    SELECT * INTO o FROM budget_account x WHERE x.budget_id = b.id
      AND x.subject = whose AND x.period_start = since FOR UPDATE;
    IF NOT FOUND THEN
      RETURN;
    END IF;
  END IF;
  SELECT * INTO l FROM budget_lease x WHERE x.holder_id = holder AND x.no = lease;
  IF NOT FOUND THEN
    l.leased_pusd := 0;
    l.settled_pusd := 0;
  END IF;
  o.settled_pusd := o.settled_pusd + greatest(settled - l.settled_pusd, 0);
  o.leased_pusd := o.leased_pusd - l.leased_pusd + held;
  free := b.limit_pusd
    - greatest(o.base_pusd + o.settled_pusd + o.leased_pusd, o.ledger_pusd);
  IF need > 0 AND o.period_start = present THEN
    IF free >= need THEN
      -- Whole requests alone, so that no holder is left with crumbs.
      given := need + div(least(extra, (free - need) / 4), need) * need;
      held := held + given;
      o.leased_pusd := o.leased_pusd + given;
      free := free - given;
    ELSE
      o.wanted_at := clock_timestamp();
      SELECT coalesce(sum(x.leased_pusd - least(x.live_pusd, x.leased_pusd)), 0)
      INTO idle FROM budget_lease x WHERE x.budget_id = b.id AND x.subject = whose
        AND x.period_start = o.period_start AND x.holder_id <> holder;
    END IF;
  END IF;
  UPDATE budget_account x SET settled_pusd = o.settled_pusd,
    leased_pusd = o.leased_pusd, wanted_at = o.wanted_at
  WHERE x.budget_id = b.id AND x.subject = whose AND x.period_start = o.period_start;
  INSERT INTO budget_lease AS x (holder_id, no, budget_id, subject, period_start,
    leased_pusd, live_pusd, settled_pusd)
  VALUES (holder, lease, b.id, whose, o.period_start, held, live + given,
    greatest(settled, l.settled_pusd))
  ON CONFLICT (holder_id, no) DO UPDATE
  SET leased_pusd = excluded.leased_pusd, live_pusd = excluded.live_pusd,
    settled_pusd = excluded.settled_pusd, told_at = now();
  spent := greatest(o.base_pusd + o.settled_pusd, o.ledger_pusd);
  RETURN QUERY SELECT o.period_start,
    CASE WHEN o.period_end = 'infinity' THEN NULL
      ELSE (extract(epoch FROM o.period_end - at) * 1000000)::bigint END,
    CASE WHEN o.period_end < 'infinity' THEN o.period_end END,
    held::bigint, given > 0,
    greatest(least(free, most), -most)::bigint, least(spent, most)::bigint,
    least(idle, most)::bigint,
    coalesce(o.wanted_at > clock_timestamp() - interval '3 seconds', false);
END $$;

-- Leases of holders whose lock has been free for `grace` return. One whose
-- connection was lost takes its lock again and is no longer missing. Returns
-- how many holders were found dead.
CREATE FUNCTION aco_budget_reclaim(self integer, grace interval)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  h record;
  l record;
  n integer := 0;
BEGIN
  FOR h IN SELECT x.* FROM budget_holder x WHERE x.id <> self
    AND EXISTS (SELECT FROM budget_lease y WHERE y.holder_id = x.id AND y.leased_pusd > 0)
    ORDER BY x.id FOR UPDATE SKIP LOCKED
  LOOP
    IF NOT pg_try_advisory_xact_lock(1633906433, h.id) THEN
      CONTINUE;
    END IF;
    IF h.missing_since IS NULL THEN
      UPDATE budget_holder SET missing_since = clock_timestamp() WHERE id = h.id;
      h.missing_since := clock_timestamp();
    END IF;
    IF h.missing_since > clock_timestamp() - grace THEN
      CONTINUE;
    END IF;
    n := n + 1;
    FOR l IN SELECT y.* FROM budget_lease y WHERE y.holder_id = h.id
      AND y.leased_pusd > 0 ORDER BY y.budget_id, y.subject, y.period_start, y.no
    LOOP
      PERFORM FROM budget_account x WHERE x.budget_id = l.budget_id
        AND x.subject = l.subject AND x.period_start = l.period_start FOR UPDATE;
      UPDATE budget_account x SET leased_pusd = x.leased_pusd - y.leased_pusd
      FROM budget_lease y
      WHERE y.holder_id = h.id AND y.no = l.no AND x.budget_id = l.budget_id AND x.subject = l.subject
        AND x.period_start = l.period_start;
      UPDATE budget_lease y SET leased_pusd = 0
      WHERE y.holder_id = h.id AND y.no = l.no;
    END LOOP;
  END LOOP;
  RETURN n;
END $$;

-- ---- alerts ----

ALTER TABLE alert ADD COLUMN delivered_at timestamptz, -- to the webhook
  ADD COLUMN tries smallint NOT NULL DEFAULT 0,
  ADD COLUMN next_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX alert_waiting ON alert (next_at) WHERE delivered_at IS NULL;

-- Raise what is new of budgets: the greatest threshold of 50, 80, 85, 95 and 100 %
-- that is reached, and an overrun to come when a tenth of the period is over;
-- each once a period and subject. Returns how many.
CREATE FUNCTION aco_budget_alerts(at timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  b budget;
  n integer;
BEGIN
  FOR b IN SELECT x.* FROM budget x WHERE x.ledger AND x.subject <> '*'
    AND x.scope IN ('team', 'agent', 'class') ORDER BY x.id
  LOOP
    PERFORM aco_budget_account(b, b.subject, at);
  END LOOP;
  WITH now_spent AS (
    SELECT c.*, x.subject AS whose, x.period_start, x.period_end,
      greatest(x.base_pusd + x.settled_pusd, x.ledger_pusd) AS spent,
      extract(epoch FROM at - x.period_start)
        / nullif(extract(epoch FROM nullif(x.period_end, 'infinity') - x.period_start), 0)
        AS gone
    FROM budget c JOIN budget_account x ON x.budget_id = c.id
    WHERE x.period_start <= at AND at < x.period_end AND c.limit_pusd > 0
  ), reached AS (
    SELECT s.*, 'budget_' || max(t) AS kind,
      floor(s.spent * 100 / s.limit_pusd) || ' % are spent' AS what
    FROM now_spent s, unnest(ARRAY[50, 80, 85, 95, 100]) AS t
    WHERE s.spent * 100 >= t * s.limit_pusd
    GROUP BY s.id, s.scope, s.subject, s.period, s.timezone, s.limit_pusd, s.hard,
      s.created_at, s.ledger, s.whose, s.period_start, s.period_end, s.spent, s.gone
    UNION ALL
    SELECT s.*, 'budget_projected',
      'at this pace ' || round(s.spent / s.gone * 100 / s.limit_pusd) || ' % by its end'
    FROM now_spent s
    WHERE s.gone >= 0.1 AND s.spent < s.limit_pusd AND s.spent > s.limit_pusd * s.gone
  )
  INSERT INTO alert (kind, scope, period_start, raised_at, detail)
  SELECT r.kind, concat_ws(':', r.scope, r.whose, r.period), r.period_start, at,
    jsonb_build_object('scope', r.scope, 'subject', r.whose, 'period', r.period,
      'timezone', r.timezone, 'hard', r.hard,
      'limit_usd', trim_scale(r.limit_pusd * 0.000000000001)::text,
      'spent_usd', trim_scale(r.spent * 0.000000000001)::text,
      'resets_at', nullif(r.period_end, 'infinity'),
      'text', format('budget of %s %s (%s USD %s %s): %s', r.scope, r.whose,
        trim_scale(r.limit_pusd * 0.000000000001),
        CASE WHEN r.period = 'total' THEN 'in' ELSE 'a' END, r.period, r.what))
  FROM reached r
  -- A row is looked for first: a conflict would use up an id at each look.
  WHERE NOT EXISTS (SELECT FROM alert o WHERE o.kind = r.kind
    AND o.scope = concat_ws(':', r.scope, r.whose, r.period)
    AND o.period_start = r.period_start)
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- ---- the oracle ----

-- Trials of a task that the ledger has as well.
CREATE INDEX trial_ext ON trial (task_ext_id);

-- What is of no use any more: holders that are dead and have nothing leased,
-- leases that returned long ago, accounts of periods long over. Those of totals
-- stay, since retention may have dropped what they were opened with.
CREATE FUNCTION aco_budget_purge(age interval) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  h record;
  n integer;
  gone integer := 0;
BEGIN
  FOR h IN SELECT x.id FROM budget_holder x WHERE x.started_at < now() - age
    AND NOT EXISTS (SELECT FROM budget_lease y WHERE y.holder_id = x.id
      AND y.leased_pusd > 0)
    ORDER BY x.id FOR UPDATE SKIP LOCKED
  LOOP
    IF pg_try_advisory_xact_lock(1633906433, h.id) THEN
      DELETE FROM budget_holder x WHERE x.id = h.id;
      gone := gone + 1;
    END IF;
  END LOOP;
  DELETE FROM budget_lease x WHERE x.leased_pusd = 0 AND x.told_at < now() - age;
  GET DIAGNOSTICS n = ROW_COUNT;
  gone := gone + n;
  DELETE FROM budget_account x WHERE x.period_end < now() - age - interval '400 days'
    AND NOT EXISTS (SELECT FROM budget_lease y WHERE y.budget_id = x.budget_id
      AND y.subject = x.subject AND y.period_start = x.period_start);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN gone + n;
END $$;
