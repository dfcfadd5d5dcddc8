-- The schema of a fresh database: for reading, never for
-- loading. Written by 'make sql-schema' from sql/migrations.

-- Name: attempt_status; Type: TYPE

CREATE TYPE public.attempt_status AS ENUM (
    'ok',
    'error',
    'aborted',
    'refused'
);

-- Name: rollup_grain; Type: TYPE

CREATE TYPE public.rollup_grain AS ENUM (
    'minute',
    'hour',
    'day'
);

-- Name: step_kind; Type: TYPE

CREATE TYPE public.step_kind AS ENUM (
    'plan',
    'search',
    'read',
    'edit',
    'execute',
    'verify',
    'communicate',
    'other'
);

-- Name: usage_quality; Type: TYPE

CREATE TYPE public.usage_quality AS ENUM (
    'exact',
    'inferred',
    'no_ttl_split',
    'cache_unknown',
    'estimated',
    'aggregate',
    'missing'
);

-- Name: budget; Type: TABLE

CREATE TABLE public.budget (
    id integer NOT NULL,
    scope text NOT NULL,
    subject text NOT NULL,
    period text NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    limit_pusd numeric NOT NULL,
    hard boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ledger boolean DEFAULT true NOT NULL,
    CONSTRAINT budget_limit_pusd_check CHECK ((limit_pusd >= (0)::numeric)),
    CONSTRAINT budget_period_check CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'total'::text]))),
    CONSTRAINT budget_scope_check CHECK ((scope = ANY (ARRAY['key'::text, 'team'::text, 'agent'::text, 'class'::text, 'task'::text])))
);

-- Name: budget_account; Type: TABLE

CREATE TABLE public.budget_account (
    budget_id integer NOT NULL,
    subject text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone NOT NULL,
    base_pusd numeric DEFAULT 0 NOT NULL,
    settled_pusd numeric DEFAULT 0 NOT NULL,
    leased_pusd numeric DEFAULT 0 NOT NULL,
    ledger_pusd numeric DEFAULT 0 NOT NULL,
    ledger_at timestamp with time zone DEFAULT now() NOT NULL,
    wanted_at timestamp with time zone
);

-- Name: aco_budget_account(public.budget, text, timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_budget_account(b public.budget, whose text, at timestamp with time zone) RETURNS public.budget_account
    LANGUAGE plpgsql
    AS $$
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

-- Name: aco_budget_alerts(timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_budget_alerts(at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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

-- Name: aco_budget_lease(integer, integer, integer, text, timestamp with time zone, numeric, numeric, numeric, numeric, numeric, timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_budget_lease(holder integer, lease integer, budget integer, whose text, since timestamp with time zone, settled numeric, keep numeric, live numeric, need numeric, extra numeric, at timestamp with time zone) RETURNS TABLE(period_start timestamp with time zone, ends_in_us bigint, period_end timestamp with time zone, leased_pusd bigint, granted boolean, free_pusd bigint, spent_pusd bigint, idle_pusd bigint, wanted boolean)
    LANGUAGE plpgsql
    AS $$
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

-- Name: aco_budget_period(text, text, timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_budget_period(period text, zone text, at timestamp with time zone, OUT starts timestamp with time zone, OUT ends timestamp with time zone) RETURNS record
    LANGUAGE sql STABLE
    AS $$
SELECT CASE WHEN period = 'total' THEN '1970-01-01Z'
    ELSE aco_zone_instant(date_trunc(period, at AT TIME ZONE zone), zone) END,
  CASE WHEN period = 'total' THEN 'infinity'
    ELSE aco_zone_instant(date_trunc(period, at AT TIME ZONE zone)
      + ('1 ' || period)::interval, zone) END
$$;

-- Name: aco_budget_purge(interval); Type: FUNCTION

CREATE FUNCTION public.aco_budget_purge(age interval) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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

-- Name: aco_budget_reclaim(integer, interval); Type: FUNCTION

CREATE FUNCTION public.aco_budget_reclaim(self integer, grace interval) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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

-- Name: aco_budget_spent(text, text, timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_budget_spent(scope text, subject text, since timestamp with time zone) RETURNS numeric
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  whole timestamptz := date_trunc('day', since, 'UTC');
  name_id integer;
  spent numeric;
  part numeric;
BEGIN
  IF whole < since THEN
    whole := whole + interval '24 hours';
  END IF;
  IF scope = 'task' THEN
    SELECT sum(cost_pusd) INTO spent FROM attempt
    WHERE task_id = subject::uuid AND (started_at >= since OR since <= '1970-01-01Z');
  ELSIF scope IN ('team', 'agent', 'class') THEN
    SELECT id INTO name_id FROM dict WHERE kind = scope AND name = subject;
    SELECT sum(cost_pusd) INTO spent FROM attempt_rollup_day
    WHERE grain = 'day' AND bucket >= whole AND name_id =
      CASE scope WHEN 'team' THEN team_id WHEN 'agent' THEN agent_id ELSE class_id END;
    IF since < whole AND date_trunc('hour', since) = since THEN
      SELECT sum(cost_pusd) INTO part FROM attempt_rollup_hour
      WHERE grain = 'hour' AND bucket >= since AND bucket < whole AND name_id =
        CASE scope WHEN 'team' THEN team_id WHEN 'agent' THEN agent_id ELSE class_id END;
    ELSIF since < whole THEN
      SELECT sum(cost_pusd) INTO part FROM attempt_rollup_minute
      WHERE grain = 'minute' AND bucket >= since AND bucket < whole AND name_id =
        CASE scope WHEN 'team' THEN team_id WHEN 'agent' THEN agent_id ELSE class_id END;
    END IF;
  END IF;
  RETURN coalesce(spent, 0) + coalesce(part, 0);
END $$;

-- Name: attempt_rollup; Type: TABLE

CREATE TABLE public.attempt_rollup (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    model_id integer NOT NULL,
    tier smallint NOT NULL,
    attempts bigint NOT NULL,
    errors bigint NOT NULL,
    unpriced bigint NOT NULL,
    escalations bigint NOT NULL,
    uncached_in bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    cost_pusd numeric NOT NULL
)
PARTITION BY LIST (grain);

-- Name: aco_calls(timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_calls(t0 timestamp with time zone, t1 timestamp with time zone, t2 timestamp with time zone, t3 timestamp with time zone, t4 timestamp with time zone, t5 timestamp with time zone) RETURNS SETOF public.attempt_rollup
    LANGUAGE sql STABLE
    AS $$
  SELECT * FROM attempt_rollup_minute WHERE grain = 'minute'
    AND (bucket >= t0 AND bucket < t1 OR bucket >= t4 AND bucket < t5)
  UNION ALL
  SELECT * FROM attempt_rollup_hour WHERE grain = 'hour'
    AND (bucket >= t1 AND bucket < t2 OR bucket >= t3 AND bucket < t4)
  UNION ALL
  SELECT * FROM attempt_rollup_day WHERE grain = 'day' AND bucket >= t2 AND bucket < t3
$$;

-- Name: aco_costs_usd(bigint[]); Type: FUNCTION

CREATE FUNCTION public.aco_costs_usd(v bigint[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT jsonb_agg((trim_scale(((u.x)::numeric * 0.000000000001)))::text ORDER BY u.n) AS jsonb_agg FROM unnest(aco_costs_usd.v) WITH ORDINALITY u(x, n));

-- Name: aco_drop_before(date); Type: FUNCTION

CREATE FUNCTION public.aco_drop_before(d date) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
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
END $_$;

-- Name: aco_is_aggregate(public.usage_quality, integer); Type: FUNCTION

CREATE FUNCTION public.aco_is_aggregate(quality public.usage_quality, prov integer) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN ((quality = 'aggregate'::public.usage_quality) OR (((prov >> 8) & 15) = 6));

-- Name: aco_make_day(date); Type: FUNCTION

CREATE FUNCTION public.aco_make_day(d date) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: aco_pusd(text); Type: FUNCTION

CREATE FUNCTION public.aco_pusd(usd text) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $_$
  SELECT CASE WHEN usd ~ '^-?[0-9]{1,15}(\.[0-9]{1,40})?([eE]-?[0-9]{1,2})?$'
    THEN round(usd::numeric * 1000000000000) END
$_$;

-- Name: aco_reals(real[]); Type: FUNCTION

CREATE FUNCTION public.aco_reals(v real[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT jsonb_agg(CASE WHEN (u.x = 'NaN'::real) THEN NULL::real ELSE u.x END ORDER BY u.n) AS jsonb_agg FROM unnest(aco_reals.v) WITH ORDINALITY u(x, n));

-- Name: task_rollup; Type: TABLE

CREATE TABLE public.task_rollup (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    started bigint NOT NULL,
    judged bigint NOT NULL,
    success_micro bigint NOT NULL,
    routed bigint NOT NULL,
    escalated bigint NOT NULL,
    paid_pusd numeric NOT NULL,
    paid_judged_pusd numeric NOT NULL,
    escalated_routed bigint DEFAULT 0 NOT NULL
)
PARTITION BY LIST (grain);

-- Name: aco_tasks(timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone); Type: FUNCTION

CREATE FUNCTION public.aco_tasks(t0 timestamp with time zone, t1 timestamp with time zone, t2 timestamp with time zone, t3 timestamp with time zone, t4 timestamp with time zone, t5 timestamp with time zone) RETURNS SETOF public.task_rollup
    LANGUAGE sql STABLE
    AS $$
  SELECT * FROM task_rollup_minute WHERE grain = 'minute'
    AND (bucket >= t0 AND bucket < t1 OR bucket >= t4 AND bucket < t5)
  UNION ALL
  SELECT * FROM task_rollup_hour WHERE grain = 'hour'
    AND (bucket >= t1 AND bucket < t2 OR bucket >= t3 AND bucket < t4)
  UNION ALL
  SELECT * FROM task_rollup_day WHERE grain = 'day' AND bucket >= t2 AND bucket < t3
$$;

-- Name: aco_zone_instant(timestamp without time zone, text); Type: FUNCTION

CREATE FUNCTION public.aco_zone_instant(ts timestamp without time zone, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    RETURN (SELECT min(v.c) AS min FROM (VALUES ((aco_zone_instant.ts AT TIME ZONE aco_zone_instant.zone)), (((aco_zone_instant.ts AT TIME ZONE aco_zone_instant.zone) - '00:30:00'::interval)), (((aco_zone_instant.ts AT TIME ZONE aco_zone_instant.zone) - '01:00:00'::interval))) v(c) WHERE ((v.c AT TIME ZONE aco_zone_instant.zone) >= aco_zone_instant.ts));

-- Name: alert; Type: TABLE

CREATE TABLE public.alert (
    id bigint NOT NULL,
    kind text NOT NULL,
    scope text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    raised_at timestamp with time zone DEFAULT now() NOT NULL,
    detail jsonb NOT NULL,
    delivered_at timestamp with time zone,
    tries smallint DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: alert_id_seq; Type: SEQUENCE

ALTER TABLE public.alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: api_key; Type: TABLE

CREATE TABLE public.api_key (
    id uuid NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    last4 text NOT NULL,
    role text NOT NULL,
    team_id integer,
    class_id integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_key_role_check CHECK ((role = ANY (ARRAY['ingest'::text, 'gateway'::text, 'read'::text, 'admin'::text])))
);

-- Name: attempt; Type: TABLE

CREATE TABLE public.attempt (
    day date NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    step_id uuid NOT NULL,
    step_day date NOT NULL,
    model_id integer NOT NULL,
    requested_model_id integer,
    tier smallint,
    attempt_no smallint DEFAULT 1 NOT NULL,
    status public.attempt_status NOT NULL,
    quality public.usage_quality NOT NULL,
    started_at timestamp with time zone,
    first_token_at timestamp with time zone,
    ended_at timestamp with time zone,
    received_at timestamp with time zone NOT NULL,
    uncached_in bigint,
    cache_read bigint,
    cache_write_5m bigint,
    cache_write_1h bigint,
    output bigint,
    reasoning bigint,
    audio_in bigint,
    audio_out bigint,
    web_search integer,
    other_tools integer,
    cost_pusd bigint,
    price_id integer,
    reported_cost_pusd bigint,
    source_id integer NOT NULL,
    finish_id integer,
    error_id integer,
    service_tier_id integer,
    escalated_from uuid,
    decision_id uuid,
    prov integer NOT NULL,
    keys bytea NOT NULL,
    evidence real[],
    CONSTRAINT attempt_audio_in_check CHECK ((audio_in >= 0)),
    CONSTRAINT attempt_audio_out_check CHECK ((audio_out >= 0)),
    CONSTRAINT attempt_cache_read_check CHECK ((cache_read >= 0)),
    CONSTRAINT attempt_cache_write_1h_check CHECK ((cache_write_1h >= 0)),
    CONSTRAINT attempt_cache_write_5m_check CHECK ((cache_write_5m >= 0)),
    CONSTRAINT attempt_check CHECK (((reasoning IS NULL) OR (output IS NULL) OR (reasoning <= output))),
    CONSTRAINT attempt_cost_pusd_check CHECK ((cost_pusd >= 0)),
    CONSTRAINT attempt_other_tools_check CHECK ((other_tools >= 0)),
    CONSTRAINT attempt_output_check CHECK ((output >= 0)),
    CONSTRAINT attempt_reasoning_check CHECK ((reasoning >= 0)),
    CONSTRAINT attempt_uncached_in_check CHECK ((uncached_in >= 0)),
    CONSTRAINT attempt_web_search_check CHECK ((web_search >= 0))
)
PARTITION BY RANGE (day);

-- Name: attempt_19700101; Type: TABLE

CREATE TABLE public.attempt_19700101 (
    day date NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    step_id uuid NOT NULL,
    step_day date NOT NULL,
    model_id integer NOT NULL,
    requested_model_id integer,
    tier smallint,
    attempt_no smallint DEFAULT 1 NOT NULL,
    status public.attempt_status NOT NULL,
    quality public.usage_quality NOT NULL,
    started_at timestamp with time zone,
    first_token_at timestamp with time zone,
    ended_at timestamp with time zone,
    received_at timestamp with time zone NOT NULL,
    uncached_in bigint,
    cache_read bigint,
    cache_write_5m bigint,
    cache_write_1h bigint,
    output bigint,
    reasoning bigint,
    audio_in bigint,
    audio_out bigint,
    web_search integer,
    other_tools integer,
    cost_pusd bigint,
    price_id integer,
    reported_cost_pusd bigint,
    source_id integer NOT NULL,
    finish_id integer,
    error_id integer,
    service_tier_id integer,
    escalated_from uuid,
    decision_id uuid,
    prov integer NOT NULL,
    keys bytea NOT NULL,
    evidence real[],
    CONSTRAINT attempt_audio_in_check CHECK ((audio_in >= 0)),
    CONSTRAINT attempt_audio_out_check CHECK ((audio_out >= 0)),
    CONSTRAINT attempt_cache_read_check CHECK ((cache_read >= 0)),
    CONSTRAINT attempt_cache_write_1h_check CHECK ((cache_write_1h >= 0)),
    CONSTRAINT attempt_cache_write_5m_check CHECK ((cache_write_5m >= 0)),
    CONSTRAINT attempt_check CHECK (((reasoning IS NULL) OR (output IS NULL) OR (reasoning <= output))),
    CONSTRAINT attempt_cost_pusd_check CHECK ((cost_pusd >= 0)),
    CONSTRAINT attempt_other_tools_check CHECK ((other_tools >= 0)),
    CONSTRAINT attempt_output_check CHECK ((output >= 0)),
    CONSTRAINT attempt_reasoning_check CHECK ((reasoning >= 0)),
    CONSTRAINT attempt_uncached_in_check CHECK ((uncached_in >= 0)),
    CONSTRAINT attempt_web_search_check CHECK ((web_search >= 0))
);

-- Name: attempt_key; Type: TABLE

CREATE TABLE public.attempt_key (
    day date NOT NULL,
    hash uuid NOT NULL,
    attempt_day date NOT NULL,
    attempt_id uuid NOT NULL
)
PARTITION BY RANGE (day);

-- Name: attempt_key_19700101; Type: TABLE

CREATE TABLE public.attempt_key_19700101 (
    day date NOT NULL,
    hash uuid NOT NULL,
    attempt_day date NOT NULL,
    attempt_id uuid NOT NULL
);

-- Name: attempt_rollup_day; Type: TABLE

CREATE TABLE public.attempt_rollup_day (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    model_id integer NOT NULL,
    tier smallint NOT NULL,
    attempts bigint NOT NULL,
    errors bigint NOT NULL,
    unpriced bigint NOT NULL,
    escalations bigint NOT NULL,
    uncached_in bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    cost_pusd numeric NOT NULL
)
WITH (fillfactor='70');

-- Name: attempt_rollup_hour; Type: TABLE

CREATE TABLE public.attempt_rollup_hour (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    model_id integer NOT NULL,
    tier smallint NOT NULL,
    attempts bigint NOT NULL,
    errors bigint NOT NULL,
    unpriced bigint NOT NULL,
    escalations bigint NOT NULL,
    uncached_in bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    cost_pusd numeric NOT NULL
)
WITH (fillfactor='70');

-- Name: attempt_rollup_minute; Type: TABLE

CREATE TABLE public.attempt_rollup_minute (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    model_id integer NOT NULL,
    tier smallint NOT NULL,
    attempts bigint NOT NULL,
    errors bigint NOT NULL,
    unpriced bigint NOT NULL,
    escalations bigint NOT NULL,
    uncached_in bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    cost_pusd numeric NOT NULL
)
PARTITION BY RANGE (bucket);

-- Name: attempt_rollup_minute_19700101; Type: TABLE

CREATE TABLE public.attempt_rollup_minute_19700101 (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    model_id integer NOT NULL,
    tier smallint NOT NULL,
    attempts bigint NOT NULL,
    errors bigint NOT NULL,
    unpriced bigint NOT NULL,
    escalations bigint NOT NULL,
    uncached_in bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    cost_pusd numeric NOT NULL
)
WITH (fillfactor='70');

-- Name: budget_holder; Type: TABLE

CREATE TABLE public.budget_holder (
    id integer NOT NULL,
    name text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    missing_since timestamp with time zone
);

-- Name: budget_holder_id_seq; Type: SEQUENCE

ALTER TABLE public.budget_holder ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.budget_holder_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: budget_id_seq; Type: SEQUENCE

ALTER TABLE public.budget ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.budget_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: budget_lease; Type: TABLE

CREATE TABLE public.budget_lease (
    holder_id integer NOT NULL,
    no integer NOT NULL,
    budget_id integer NOT NULL,
    subject text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    leased_pusd numeric NOT NULL,
    live_pusd numeric DEFAULT 0 NOT NULL,
    settled_pusd numeric DEFAULT 0 NOT NULL,
    told_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT budget_lease_leased_pusd_check CHECK ((leased_pusd >= (0)::numeric))
);

-- Name: bundle; Type: TABLE

CREATE TABLE public.bundle (
    id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'candidate'::text NOT NULL,
    feature_schema uuid NOT NULL,
    certificate jsonb NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT bundle_state_check CHECK ((state = ANY (ARRAY['candidate'::text, 'serving'::text, 'retired'::text, 'refused'::text])))
);

-- Name: bundle_id_seq; Type: SEQUENCE

ALTER TABLE public.bundle ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.bundle_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: claim; Type: TABLE

CREATE TABLE public.claim (
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    event json NOT NULL
);

-- Name: correction; Type: TABLE

CREATE TABLE public.correction (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    attempt_day date NOT NULL,
    attempt_id uuid NOT NULL,
    old_cost_pusd bigint,
    new_cost_pusd bigint,
    old_price_id integer,
    new_price_id integer,
    reason text NOT NULL
);

-- Name: correction_id_seq; Type: SEQUENCE

ALTER TABLE public.correction ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.correction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: dead_letter; Type: TABLE

CREATE TABLE public.dead_letter (
    id uuid NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    source text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL,
    sqlstate text,
    body bytea,
    replayed_at timestamp with time zone,
    kind text DEFAULT 'note'::text NOT NULL,
    CONSTRAINT dead_letter_kind_check CHECK ((kind = ANY (ARRAY['note'::text, 'event'::text])))
);

-- Name: decision; Type: TABLE

CREATE TABLE public.decision (
    day date NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    step_id uuid,
    decided_at timestamp with time zone NOT NULL,
    bundle_id integer,
    policy text NOT NULL,
    plan text NOT NULL,
    live boolean NOT NULL,
    propensity double precision NOT NULL,
    feature_schema uuid,
    features real[],
    p_success real[],
    p_low real[],
    p_high real[],
    expected_cost_pusd bigint[],
    bound_by text,
    reasons jsonb,
    CONSTRAINT decision_propensity_check CHECK (((propensity > (0)::double precision) AND (propensity <= (1)::double precision)))
)
PARTITION BY RANGE (day);

-- Name: decision_19700101; Type: TABLE

CREATE TABLE public.decision_19700101 (
    day date NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    step_id uuid,
    decided_at timestamp with time zone NOT NULL,
    bundle_id integer,
    policy text NOT NULL,
    plan text NOT NULL,
    live boolean NOT NULL,
    propensity double precision NOT NULL,
    feature_schema uuid,
    features real[],
    p_success real[],
    p_low real[],
    p_high real[],
    expected_cost_pusd bigint[],
    bound_by text,
    reasons jsonb,
    CONSTRAINT decision_propensity_check CHECK (((propensity > (0)::double precision) AND (propensity <= (1)::double precision)))
);

-- Name: dict; Type: TABLE

CREATE TABLE public.dict (
    id integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL
);

-- Name: dict_id_seq; Type: SEQUENCE

ALTER TABLE public.dict ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dict_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: import_file; Type: TABLE

CREATE TABLE public.import_file (
    kind text NOT NULL,
    path text NOT NULL,
    size bigint NOT NULL,
    mtime_us bigint NOT NULL,
    done_bytes bigint NOT NULL,
    done_hash uuid NOT NULL,
    imported_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: model; Type: TABLE

CREATE TABLE public.model (
    id integer NOT NULL,
    provider text NOT NULL,
    name text NOT NULL,
    tier smallint,
    tier_source text DEFAULT 'default'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    protocol text,
    upstream text,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    enabled boolean DEFAULT false NOT NULL,
    max_output bigint,
    CONSTRAINT model_max_output_check CHECK ((max_output > 0)),
    CONSTRAINT model_protocol_check CHECK ((protocol = ANY (ARRAY['openai'::text, 'anthropic'::text]))),
    CONSTRAINT model_tier_check CHECK (((tier >= 1) AND (tier <= 5)))
);

-- Name: model_id_seq; Type: SEQUENCE

ALTER TABLE public.model ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: oracle_class_day; Type: TABLE

CREATE TABLE public.oracle_class_day (
    day date NOT NULL,
    class_id integer NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    judged bigint NOT NULL,
    observed bigint NOT NULL,
    paid_pusd numeric NOT NULL,
    oracle_pusd numeric NOT NULL,
    oracle_low_pusd numeric,
    oracle_high_pusd numeric,
    success_micro bigint NOT NULL,
    oracle_success_micro bigint NOT NULL,
    figures jsonb
);

-- Name: outcome; Type: TABLE

CREATE TABLE public.outcome (
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    step_id uuid,
    source_id integer NOT NULL,
    key text NOT NULL,
    success_micro integer,
    label text,
    at timestamp with time zone,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outcome_success_micro_check CHECK (((success_micro >= 0) AND (success_micro <= 1000000)))
);

-- Name: price; Type: TABLE

CREATE TABLE public.price (
    id integer NOT NULL,
    source text NOT NULL,
    source_date date,
    provider text NOT NULL,
    model text NOT NULL,
    mode text DEFAULT ''::text NOT NULL,
    valid_from date,
    utc_window text DEFAULT ''::text NOT NULL,
    input_fusd bigint,
    output_fusd bigint,
    cache_read_fusd bigint,
    cache_write_5m_fusd bigint,
    cache_write_1h_fusd bigint,
    reasoning_fusd bigint,
    audio_in_fusd bigint,
    audio_out_fusd bigint,
    tier_start_tokens bigint,
    tier_input_fusd bigint,
    tier_output_fusd bigint,
    tier_cache_read_fusd bigint,
    tier_cache_write_5m_fusd bigint,
    tier_cache_write_1h_fusd bigint,
    batch_input_fusd bigint,
    batch_output_fusd bigint,
    flex_input_fusd bigint,
    flex_output_fusd bigint,
    flex_cache_read_fusd bigint,
    priority_input_fusd bigint,
    priority_output_fusd bigint,
    priority_cache_read_fusd bigint,
    per_request_pusd bigint,
    web_search_pusd bigint,
    context_window bigint,
    max_output bigint,
    deprecated text DEFAULT ''::text NOT NULL,
    imported_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT price_audio_in_fusd_check CHECK ((audio_in_fusd >= 0)),
    CONSTRAINT price_audio_out_fusd_check CHECK ((audio_out_fusd >= 0)),
    CONSTRAINT price_batch_input_fusd_check CHECK ((batch_input_fusd >= 0)),
    CONSTRAINT price_batch_output_fusd_check CHECK ((batch_output_fusd >= 0)),
    CONSTRAINT price_cache_read_fusd_check CHECK ((cache_read_fusd >= 0)),
    CONSTRAINT price_cache_write_1h_fusd_check CHECK ((cache_write_1h_fusd >= 0)),
    CONSTRAINT price_cache_write_5m_fusd_check CHECK ((cache_write_5m_fusd >= 0)),
    CONSTRAINT price_flex_cache_read_fusd_check CHECK ((flex_cache_read_fusd >= 0)),
    CONSTRAINT price_flex_input_fusd_check CHECK ((flex_input_fusd >= 0)),
    CONSTRAINT price_flex_output_fusd_check CHECK ((flex_output_fusd >= 0)),
    CONSTRAINT price_input_fusd_check CHECK ((input_fusd >= 0)),
    CONSTRAINT price_output_fusd_check CHECK ((output_fusd >= 0)),
    CONSTRAINT price_per_request_pusd_check CHECK ((per_request_pusd >= 0)),
    CONSTRAINT price_priority_cache_read_fusd_check CHECK ((priority_cache_read_fusd >= 0)),
    CONSTRAINT price_priority_input_fusd_check CHECK ((priority_input_fusd >= 0)),
    CONSTRAINT price_priority_output_fusd_check CHECK ((priority_output_fusd >= 0)),
    CONSTRAINT price_reasoning_fusd_check CHECK ((reasoning_fusd >= 0)),
    CONSTRAINT price_tier_cache_read_fusd_check CHECK ((tier_cache_read_fusd >= 0)),
    CONSTRAINT price_tier_cache_write_1h_fusd_check CHECK ((tier_cache_write_1h_fusd >= 0)),
    CONSTRAINT price_tier_cache_write_5m_fusd_check CHECK ((tier_cache_write_5m_fusd >= 0)),
    CONSTRAINT price_tier_input_fusd_check CHECK ((tier_input_fusd >= 0)),
    CONSTRAINT price_tier_output_fusd_check CHECK ((tier_output_fusd >= 0)),
    CONSTRAINT price_tier_start_tokens_check CHECK ((tier_start_tokens >= 0)),
    CONSTRAINT price_web_search_pusd_check CHECK ((web_search_pusd >= 0))
);

-- Name: price_id_seq; Type: SEQUENCE

ALTER TABLE public.price ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.price_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: schema_migration; Type: TABLE

CREATE TABLE public.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum bytea NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    program text NOT NULL
);

-- Name: step; Type: TABLE

CREATE TABLE public.step (
    day date NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    seq integer,
    kind public.step_kind NOT NULL,
    tool_id integer,
    failed boolean,
    started_at timestamp with time zone
)
PARTITION BY RANGE (day);

-- Name: step_19700101; Type: TABLE

CREATE TABLE public.step_19700101 (
    day date NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    seq integer,
    kind public.step_kind NOT NULL,
    tool_id integer,
    failed boolean,
    started_at timestamp with time zone
);

-- Name: task; Type: TABLE

CREATE TABLE public.task (
    id uuid NOT NULL,
    sender_id integer NOT NULL,
    ext_id text NOT NULL,
    parent_id uuid,
    team_id integer NOT NULL,
    agent_id integer NOT NULL,
    class_id integer NOT NULL,
    class_rank smallint NOT NULL,
    who_ranks smallint NOT NULL,
    attrs json,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    attempts bigint DEFAULT 0 NOT NULL,
    errors bigint DEFAULT 0 NOT NULL,
    unpriced bigint DEFAULT 0 NOT NULL,
    escalations bigint DEFAULT 0 NOT NULL,
    routed bigint DEFAULT 0 NOT NULL,
    uncached_in bigint DEFAULT 0 NOT NULL,
    cache_read bigint DEFAULT 0 NOT NULL,
    cache_write_5m bigint DEFAULT 0 NOT NULL,
    cache_write_1h bigint DEFAULT 0 NOT NULL,
    output bigint DEFAULT 0 NOT NULL,
    reasoning bigint DEFAULT 0 NOT NULL,
    cost_pusd numeric DEFAULT 0 NOT NULL,
    success_micro integer,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    escalations_routed bigint DEFAULT 0 NOT NULL,
    CONSTRAINT task_success_micro_check CHECK (((success_micro >= 0) AND (success_micro <= 1000000)))
)
WITH (fillfactor='50');

-- Name: task_cost; Type: TABLE

CREATE TABLE public.task_cost (
    task_id uuid NOT NULL,
    day date,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    started_at timestamp with time zone,
    cost_pusd numeric NOT NULL
);

-- Name: task_open; Type: TABLE

CREATE TABLE public.task_open (
    task_id uuid NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_threshold='5000', autovacuum_vacuum_scale_factor='0.05');

-- Name: task_rollup_day; Type: TABLE

CREATE TABLE public.task_rollup_day (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    started bigint NOT NULL,
    judged bigint NOT NULL,
    success_micro bigint NOT NULL,
    routed bigint NOT NULL,
    escalated bigint NOT NULL,
    paid_pusd numeric NOT NULL,
    paid_judged_pusd numeric NOT NULL,
    escalated_routed bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

-- Name: task_rollup_hour; Type: TABLE

CREATE TABLE public.task_rollup_hour (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    started bigint NOT NULL,
    judged bigint NOT NULL,
    success_micro bigint NOT NULL,
    routed bigint NOT NULL,
    escalated bigint NOT NULL,
    paid_pusd numeric NOT NULL,
    paid_judged_pusd numeric NOT NULL,
    escalated_routed bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

-- Name: task_rollup_minute; Type: TABLE

CREATE TABLE public.task_rollup_minute (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    started bigint NOT NULL,
    judged bigint NOT NULL,
    success_micro bigint NOT NULL,
    routed bigint NOT NULL,
    escalated bigint NOT NULL,
    paid_pusd numeric NOT NULL,
    paid_judged_pusd numeric NOT NULL,
    escalated_routed bigint DEFAULT 0 NOT NULL
)
PARTITION BY RANGE (bucket);

-- Name: task_rollup_minute_19700101; Type: TABLE

CREATE TABLE public.task_rollup_minute_19700101 (
    grain public.rollup_grain NOT NULL,
    bucket timestamp with time zone NOT NULL,
    slot smallint NOT NULL,
    class_id integer NOT NULL,
    agent_id integer NOT NULL,
    team_id integer NOT NULL,
    started bigint NOT NULL,
    judged bigint NOT NULL,
    success_micro bigint NOT NULL,
    routed bigint NOT NULL,
    escalated bigint NOT NULL,
    paid_pusd numeric NOT NULL,
    paid_judged_pusd numeric NOT NULL,
    escalated_routed bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

-- Name: trial; Type: TABLE

CREATE TABLE public.trial (
    id uuid NOT NULL,
    source text NOT NULL,
    task_ext_id text NOT NULL,
    task_class text NOT NULL,
    model text NOT NULL,
    agent text,
    run text,
    success_micro integer,
    cost_pusd bigint,
    cost_estimated boolean DEFAULT false NOT NULL,
    input_tokens bigint,
    output_tokens bigint,
    api_calls bigint,
    at timestamp with time zone,
    attrs jsonb,
    prompt_hash uuid,
    feature_schema uuid,
    features real[],
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    evidence real[],
    CONSTRAINT trial_api_calls_check CHECK ((api_calls >= 0)),
    CONSTRAINT trial_cost_pusd_check CHECK ((cost_pusd >= 0)),
    CONSTRAINT trial_input_tokens_check CHECK ((input_tokens >= 0)),
    CONSTRAINT trial_output_tokens_check CHECK ((output_tokens >= 0)),
    CONSTRAINT trial_success_micro_check CHECK (((success_micro >= 0) AND (success_micro <= 1000000)))
);

-- Name: v_attempt; Type: VIEW

CREATE VIEW public.v_attempt AS
 SELECT a.day,
    a.id AS attempt_id,
    a.task_id,
    t.ext_id AS task_ext_id,
    t.parent_id AS parent_task_id,
    a.step_id,
    a.step_day,
    team.name AS team,
    agent.name AS agent,
    class.name AS task_class,
    a.attempt_no,
    a.started_at,
    a.first_token_at,
    a.ended_at,
    a.received_at,
    m.provider,
    r.name AS requested_model,
    m.name AS model,
    a.tier,
    a.uncached_in,
    a.cache_read,
    a.cache_write_5m,
    a.cache_write_1h,
    a.output,
    a.reasoning,
    a.audio_in,
    a.audio_out,
    a.web_search,
    a.other_tools,
    trim_scale(((a.cost_pusd)::numeric * 0.000000000001)) AS cost_usd,
    a.price_id,
    trim_scale(((a.reported_cost_pusd)::numeric * 0.000000000001)) AS reported_cost_usd,
    a.status,
    fin.name AS finish_reason,
    er.name AS error_class,
    st.name AS service_tier,
    a.quality AS usage_quality,
    src.name AS source,
    a.escalated_from,
    a.decision_id,
    a.evidence
   FROM ((((((((((public.attempt a
     JOIN public.task t ON ((t.id = a.task_id)))
     JOIN public.dict team ON ((team.id = t.team_id)))
     JOIN public.dict agent ON ((agent.id = t.agent_id)))
     JOIN public.dict class ON ((class.id = t.class_id)))
     JOIN public.model m ON ((m.id = a.model_id)))
     JOIN public.dict src ON ((src.id = a.source_id)))
     LEFT JOIN public.model r ON ((r.id = a.requested_model_id)))
     LEFT JOIN public.dict fin ON ((fin.id = a.finish_id)))
     LEFT JOIN public.dict er ON ((er.id = a.error_id)))
     LEFT JOIN public.dict st ON ((st.id = a.service_tier_id)));

-- Name: v_class_day; Type: VIEW

CREATE VIEW public.v_class_day AS
 SELECT COALESCE(a.day, t.day) AS day,
    class.name AS task_class,
    COALESCE(t.started, (0)::numeric) AS tasks,
    COALESCE(t.judged, (0)::numeric) AS judged,
    trim_scale((COALESCE(t.success_micro, (0)::numeric) * 0.000001)) AS succeeded,
    COALESCE(t.routed, (0)::numeric) AS routed,
    COALESCE(t.escalated, (0)::numeric) AS escalated,
    COALESCE(a.attempts, (0)::numeric) AS attempts,
    COALESCE(a.errors, (0)::numeric) AS errors,
    COALESCE(a.unpriced, (0)::numeric) AS unpriced,
    COALESCE(a.uncached_in, (0)::numeric) AS uncached_in,
    COALESCE(a.cache_read, (0)::numeric) AS cache_read,
    COALESCE(a.cache_write_5m, (0)::numeric) AS cache_write_5m,
    COALESCE(a.cache_write_1h, (0)::numeric) AS cache_write_1h,
    COALESCE(a.output, (0)::numeric) AS output,
    COALESCE(a.reasoning, (0)::numeric) AS reasoning,
    trim_scale((COALESCE(a.cost_pusd, (0)::numeric) * 0.000000000001)) AS cost_usd,
    COALESCE(t.escalated_routed, (0)::numeric) AS escalated_routed
   FROM ((( SELECT ((attempt_rollup.bucket AT TIME ZONE 'UTC'::text))::date AS day,
            attempt_rollup.class_id,
            sum(attempt_rollup.attempts) AS attempts,
            sum(attempt_rollup.errors) AS errors,
            sum(attempt_rollup.unpriced) AS unpriced,
            sum(attempt_rollup.uncached_in) AS uncached_in,
            sum(attempt_rollup.cache_read) AS cache_read,
            sum(attempt_rollup.cache_write_5m) AS cache_write_5m,
            sum(attempt_rollup.cache_write_1h) AS cache_write_1h,
            sum(attempt_rollup.output) AS output,
            sum(attempt_rollup.reasoning) AS reasoning,
            sum(attempt_rollup.cost_pusd) AS cost_pusd
           FROM public.attempt_rollup
          WHERE (attempt_rollup.grain = 'day'::public.rollup_grain)
          GROUP BY (((attempt_rollup.bucket AT TIME ZONE 'UTC'::text))::date), attempt_rollup.class_id) a
     FULL JOIN ( SELECT ((task_rollup.bucket AT TIME ZONE 'UTC'::text))::date AS day,
            task_rollup.class_id,
            sum(task_rollup.started) AS started,
            sum(task_rollup.judged) AS judged,
            sum(task_rollup.success_micro) AS success_micro,
            sum(task_rollup.routed) AS routed,
            sum(task_rollup.escalated) AS escalated,
            sum(task_rollup.escalated_routed) AS escalated_routed
           FROM public.task_rollup
          WHERE (task_rollup.grain = 'day'::public.rollup_grain)
          GROUP BY (((task_rollup.bucket AT TIME ZONE 'UTC'::text))::date), task_rollup.class_id) t ON (((t.day = a.day) AND (t.class_id = a.class_id))))
     JOIN public.dict class ON ((class.id = COALESCE(a.class_id, t.class_id))));

-- Name: v_decision; Type: VIEW

CREATE VIEW public.v_decision AS
 SELECT d.day,
    d.id AS decision_id,
    d.task_id,
    d.step_id,
    d.decided_at,
    d.bundle_id,
    d.policy,
    d.plan,
    d.live,
    d.propensity,
    d.p_success,
    d.p_low,
    d.p_high,
    d.bound_by,
    d.reasons,
    d.feature_schema,
    d.features,
    d.expected_cost_pusd
   FROM public.decision d;

-- Name: v_outcome; Type: VIEW

CREATE VIEW public.v_outcome AS
 SELECT o.id AS outcome_id,
    o.task_id,
    t.ext_id AS task_ext_id,
    o.step_id,
    src.name AS source,
    o.key,
    trim_scale(((o.success_micro)::numeric * 0.000001)) AS success,
    o.label,
    o.at,
    o.received_at,
    (row_number() OVER (PARTITION BY o.task_id, o.step_id, o.source_id, o.key ORDER BY o.at DESC NULLS LAST, o.id DESC) = 1) AS current
   FROM ((public.outcome o
     JOIN public.task t ON ((t.id = o.task_id)))
     JOIN public.dict src ON ((src.id = o.source_id)));

-- Name: v_step; Type: VIEW

CREATE VIEW public.v_step AS
 SELECT s.day,
    s.id AS step_id,
    s.task_id,
    t.ext_id AS task_ext_id,
    class.name AS task_class,
    s.seq,
    s.kind,
    tool.name AS tool,
    s.failed,
    s.started_at
   FROM (((public.step s
     JOIN public.task t ON ((t.id = s.task_id)))
     JOIN public.dict class ON ((class.id = t.class_id)))
     LEFT JOIN public.dict tool ON ((tool.id = s.tool_id)));

-- Name: v_task; Type: VIEW

CREATE VIEW public.v_task AS
 SELECT t.id AS task_id,
    s.name AS sender,
    t.ext_id,
    t.parent_id AS parent_task_id,
    team.name AS team,
    agent.name AS agent,
    class.name AS task_class,
    (t.class_rank = 6) AS class_guessed,
    t.started_at,
    t.ended_at,
    t.attempts,
    t.errors,
    t.unpriced,
    t.escalations,
    t.routed AS routed_attempts,
    t.uncached_in,
    t.cache_read,
    t.cache_write_5m,
    t.cache_write_1h,
    t.output,
    t.reasoning,
    trim_scale((t.cost_pusd * 0.000000000001)) AS cost_usd,
    trim_scale(((t.success_micro)::numeric * 0.000001)) AS success,
    t.attrs
   FROM ((((public.task t
     JOIN public.dict s ON ((s.id = t.sender_id)))
     JOIN public.dict team ON ((team.id = t.team_id)))
     JOIN public.dict agent ON ((agent.id = t.agent_id)))
     JOIN public.dict class ON ((class.id = t.class_id)));

-- Name: v_trial; Type: VIEW

CREATE VIEW public.v_trial AS
 SELECT trial.id AS trial_id,
    trial.source,
    trial.task_ext_id AS task_id,
    trial.task_class,
    trial.model,
    trial.agent,
    trial.run,
    trim_scale(((trial.success_micro)::numeric * 0.000001)) AS success,
    trim_scale(((trial.cost_pusd)::numeric * 0.000000000001)) AS cost_usd,
    trial.cost_estimated,
    trial.input_tokens,
    trial.output_tokens,
    trial.api_calls,
    trial.at,
    trial.attrs,
    (trial.features IS NOT NULL) AS has_features
   FROM public.trial;

-- Name: attempt_19700101; Type: TABLE ATTACH

ALTER TABLE ONLY public.attempt ATTACH PARTITION public.attempt_19700101 FOR VALUES FROM ('1970-01-01') TO ('1970-01-02');

-- Name: attempt_key_19700101; Type: TABLE ATTACH

ALTER TABLE ONLY public.attempt_key ATTACH PARTITION public.attempt_key_19700101 FOR VALUES FROM ('1970-01-01') TO ('1970-01-02');

-- Name: attempt_rollup_day; Type: TABLE ATTACH

ALTER TABLE ONLY public.attempt_rollup ATTACH PARTITION public.attempt_rollup_day FOR VALUES IN ('day');

-- Name: attempt_rollup_hour; Type: TABLE ATTACH

ALTER TABLE ONLY public.attempt_rollup ATTACH PARTITION public.attempt_rollup_hour FOR VALUES IN ('hour');

-- Name: attempt_rollup_minute; Type: TABLE ATTACH

ALTER TABLE ONLY public.attempt_rollup ATTACH PARTITION public.attempt_rollup_minute FOR VALUES IN ('minute');

-- Name: attempt_rollup_minute_19700101; Type: TABLE ATTACH

ALTER TABLE ONLY public.attempt_rollup_minute ATTACH PARTITION public.attempt_rollup_minute_19700101 FOR VALUES FROM ('1970-01-01 00:00:00+00') TO ('1970-01-02 00:00:00+00');

-- Name: decision_19700101; Type: TABLE ATTACH

ALTER TABLE ONLY public.decision ATTACH PARTITION public.decision_19700101 FOR VALUES FROM ('1970-01-01') TO ('1970-01-02');

-- Name: step_19700101; Type: TABLE ATTACH

ALTER TABLE ONLY public.step ATTACH PARTITION public.step_19700101 FOR VALUES FROM ('1970-01-01') TO ('1970-01-02');

-- Name: task_rollup_day; Type: TABLE ATTACH

ALTER TABLE ONLY public.task_rollup ATTACH PARTITION public.task_rollup_day FOR VALUES IN ('day');

-- Name: task_rollup_hour; Type: TABLE ATTACH

ALTER TABLE ONLY public.task_rollup ATTACH PARTITION public.task_rollup_hour FOR VALUES IN ('hour');

-- Name: task_rollup_minute; Type: TABLE ATTACH

ALTER TABLE ONLY public.task_rollup ATTACH PARTITION public.task_rollup_minute FOR VALUES IN ('minute');

-- Name: task_rollup_minute_19700101; Type: TABLE ATTACH

ALTER TABLE ONLY public.task_rollup_minute ATTACH PARTITION public.task_rollup_minute_19700101 FOR VALUES FROM ('1970-01-01 00:00:00+00') TO ('1970-01-02 00:00:00+00');

-- Name: alert alert_kind_scope_period_start_key; Type: CONSTRAINT

ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_kind_scope_period_start_key UNIQUE (kind, scope, period_start);

-- Name: alert alert_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);

-- Name: api_key api_key_hash_key; Type: CONSTRAINT

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_hash_key UNIQUE (hash);

-- Name: api_key api_key_name_key; Type: CONSTRAINT

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_name_key UNIQUE (name);

-- Name: api_key api_key_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);

-- Name: attempt attempt_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (day, id);

-- Name: attempt_19700101 attempt_19700101_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_19700101
    ADD CONSTRAINT attempt_19700101_pkey PRIMARY KEY (day, id);

-- Name: attempt_key attempt_key_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_key
    ADD CONSTRAINT attempt_key_pkey PRIMARY KEY (day, hash);

-- Name: attempt_key_19700101 attempt_key_19700101_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_key_19700101
    ADD CONSTRAINT attempt_key_19700101_pkey PRIMARY KEY (day, hash);

-- Name: attempt_rollup attempt_rollup_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_rollup
    ADD CONSTRAINT attempt_rollup_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier);

-- Name: attempt_rollup_day attempt_rollup_day_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_rollup_day
    ADD CONSTRAINT attempt_rollup_day_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier);

-- Name: attempt_rollup_hour attempt_rollup_hour_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_rollup_hour
    ADD CONSTRAINT attempt_rollup_hour_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier);

-- Name: attempt_rollup_minute attempt_rollup_minute_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_rollup_minute
    ADD CONSTRAINT attempt_rollup_minute_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier);

-- Name: attempt_rollup_minute_19700101 attempt_rollup_minute_19700101_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.attempt_rollup_minute_19700101
    ADD CONSTRAINT attempt_rollup_minute_19700101_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id, model_id, tier);

-- Name: budget_account budget_account_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.budget_account
    ADD CONSTRAINT budget_account_pkey PRIMARY KEY (budget_id, subject, period_start);

-- Name: budget_holder budget_holder_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.budget_holder
    ADD CONSTRAINT budget_holder_pkey PRIMARY KEY (id);

-- Name: budget_lease budget_lease_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.budget_lease
    ADD CONSTRAINT budget_lease_pkey PRIMARY KEY (holder_id, no);

-- Name: budget budget_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.budget
    ADD CONSTRAINT budget_pkey PRIMARY KEY (id);

-- Name: budget budget_scope_subject_period_key; Type: CONSTRAINT

ALTER TABLE ONLY public.budget
    ADD CONSTRAINT budget_scope_subject_period_key UNIQUE (scope, subject, period);

-- Name: bundle bundle_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.bundle
    ADD CONSTRAINT bundle_pkey PRIMARY KEY (id);

-- Name: claim claim_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT claim_pkey PRIMARY KEY (id);

-- Name: correction correction_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT correction_pkey PRIMARY KEY (id);

-- Name: dead_letter dead_letter_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (id);

-- Name: decision decision_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (day, id);

-- Name: decision_19700101 decision_19700101_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.decision_19700101
    ADD CONSTRAINT decision_19700101_pkey PRIMARY KEY (day, id);

-- Name: dict dict_kind_name_key; Type: CONSTRAINT

ALTER TABLE ONLY public.dict
    ADD CONSTRAINT dict_kind_name_key UNIQUE (kind, name);

-- Name: dict dict_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.dict
    ADD CONSTRAINT dict_pkey PRIMARY KEY (id);

-- Name: import_file import_file_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.import_file
    ADD CONSTRAINT import_file_pkey PRIMARY KEY (kind, path);

-- Name: model model_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (id);

-- Name: model model_provider_name_key; Type: CONSTRAINT

ALTER TABLE ONLY public.model
    ADD CONSTRAINT model_provider_name_key UNIQUE (provider, name);

-- Name: oracle_class_day oracle_class_day_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.oracle_class_day
    ADD CONSTRAINT oracle_class_day_pkey PRIMARY KEY (day, class_id);

-- Name: outcome outcome_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.outcome
    ADD CONSTRAINT outcome_pkey PRIMARY KEY (id);

-- Name: price price_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.price
    ADD CONSTRAINT price_pkey PRIMARY KEY (id);

-- Name: schema_migration schema_migration_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

-- Name: step step_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.step
    ADD CONSTRAINT step_pkey PRIMARY KEY (day, id);

-- Name: step_19700101 step_19700101_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.step_19700101
    ADD CONSTRAINT step_19700101_pkey PRIMARY KEY (day, id);

-- Name: task_cost task_cost_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_cost
    ADD CONSTRAINT task_cost_pkey PRIMARY KEY (task_id);

-- Name: task_open task_open_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_open
    ADD CONSTRAINT task_open_pkey PRIMARY KEY (task_id);

-- Name: task task_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (id);

-- Name: task_rollup task_rollup_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_rollup
    ADD CONSTRAINT task_rollup_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id);

-- Name: task_rollup_day task_rollup_day_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_rollup_day
    ADD CONSTRAINT task_rollup_day_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id);

-- Name: task_rollup_hour task_rollup_hour_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_rollup_hour
    ADD CONSTRAINT task_rollup_hour_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id);

-- Name: task_rollup_minute task_rollup_minute_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_rollup_minute
    ADD CONSTRAINT task_rollup_minute_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id);

-- Name: task_rollup_minute_19700101 task_rollup_minute_19700101_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.task_rollup_minute_19700101
    ADD CONSTRAINT task_rollup_minute_19700101_pkey PRIMARY KEY (grain, bucket, slot, class_id, agent_id, team_id);

-- Name: trial trial_pkey; Type: CONSTRAINT

ALTER TABLE ONLY public.trial
    ADD CONSTRAINT trial_pkey PRIMARY KEY (id);

-- Name: alert_raised; Type: INDEX

CREATE INDEX alert_raised ON public.alert USING btree (raised_at);

-- Name: alert_waiting; Type: INDEX

CREATE INDEX alert_waiting ON public.alert USING btree (next_at) WHERE (delivered_at IS NULL);

-- Name: attempt_task; Type: INDEX

CREATE INDEX attempt_task ON ONLY public.attempt USING btree (task_id);

-- Name: attempt_19700101_task_id_idx; Type: INDEX

CREATE INDEX attempt_19700101_task_id_idx ON public.attempt_19700101 USING btree (task_id);

-- Name: budget_lease_account; Type: INDEX

CREATE INDEX budget_lease_account ON public.budget_lease USING btree (budget_id, subject, period_start);

-- Name: claim_due; Type: INDEX

CREATE INDEX claim_due ON public.claim USING btree (due_at);

-- Name: claim_task; Type: INDEX

CREATE INDEX claim_task ON public.claim USING btree (task_id);

-- Name: correction_attempt; Type: INDEX

CREATE INDEX correction_attempt ON public.correction USING btree (attempt_id);

-- Name: dead_letter_received; Type: INDEX

CREATE INDEX dead_letter_received ON public.dead_letter USING btree (received_at);

-- Name: decision_at; Type: INDEX

CREATE INDEX decision_at ON ONLY public.decision USING btree (decided_at);

-- Name: decision_19700101_decided_at_idx; Type: INDEX

CREATE INDEX decision_19700101_decided_at_idx ON public.decision_19700101 USING btree (decided_at);

-- Name: decision_task; Type: INDEX

CREATE INDEX decision_task ON ONLY public.decision USING btree (task_id);

-- Name: decision_19700101_task_id_idx; Type: INDEX

CREATE INDEX decision_19700101_task_id_idx ON public.decision_19700101 USING btree (task_id);

-- Name: outcome_task; Type: INDEX

CREATE INDEX outcome_task ON public.outcome USING btree (task_id);

-- Name: price_model; Type: INDEX

CREATE INDEX price_model ON public.price USING btree (provider, model);

-- Name: step_task; Type: INDEX

CREATE INDEX step_task ON ONLY public.step USING btree (task_id);

-- Name: step_19700101_task_id_idx; Type: INDEX

CREATE INDEX step_19700101_task_id_idx ON public.step_19700101 USING btree (task_id);

-- Name: task_agent_started; Type: INDEX

CREATE INDEX task_agent_started ON public.task USING btree (agent_id, started_at);

-- Name: task_class_started; Type: INDEX

CREATE INDEX task_class_started ON public.task USING btree (class_id, started_at);

-- Name: task_cost_agent; Type: INDEX

CREATE INDEX task_cost_agent ON public.task_cost USING btree (agent_id, day, cost_pusd DESC, task_id);

-- Name: task_cost_class; Type: INDEX

CREATE INDEX task_cost_class ON public.task_cost USING btree (class_id, day, cost_pusd DESC, task_id);

-- Name: task_cost_day; Type: INDEX

CREATE INDEX task_cost_day ON public.task_cost USING btree (day, cost_pusd DESC, task_id);

-- Name: task_ext; Type: INDEX

CREATE INDEX task_ext ON public.task USING btree (ext_id text_pattern_ops);

-- Name: task_open_since; Type: INDEX

CREATE INDEX task_open_since ON public.task_open USING btree (opened_at);

-- Name: task_parent; Type: INDEX

CREATE INDEX task_parent ON public.task USING btree (parent_id) WHERE (parent_id IS NOT NULL);

-- Name: task_started; Type: INDEX

CREATE INDEX task_started ON public.task USING btree (started_at);

-- Name: trial_ext; Type: INDEX

CREATE INDEX trial_ext ON public.trial USING btree (task_ext_id);

-- Name: trial_task; Type: INDEX

CREATE INDEX trial_task ON public.trial USING btree (source, task_ext_id);

-- Name: attempt_19700101_pkey; Type: INDEX ATTACH

ALTER INDEX public.attempt_pkey ATTACH PARTITION public.attempt_19700101_pkey;

-- Name: attempt_19700101_task_id_idx; Type: INDEX ATTACH

ALTER INDEX public.attempt_task ATTACH PARTITION public.attempt_19700101_task_id_idx;

-- Name: attempt_key_19700101_pkey; Type: INDEX ATTACH

ALTER INDEX public.attempt_key_pkey ATTACH PARTITION public.attempt_key_19700101_pkey;

-- Name: attempt_rollup_day_pkey; Type: INDEX ATTACH

ALTER INDEX public.attempt_rollup_pkey ATTACH PARTITION public.attempt_rollup_day_pkey;

-- Name: attempt_rollup_hour_pkey; Type: INDEX ATTACH

ALTER INDEX public.attempt_rollup_pkey ATTACH PARTITION public.attempt_rollup_hour_pkey;

-- Name: attempt_rollup_minute_19700101_pkey; Type: INDEX ATTACH

ALTER INDEX public.attempt_rollup_minute_pkey ATTACH PARTITION public.attempt_rollup_minute_19700101_pkey;

-- Name: attempt_rollup_minute_pkey; Type: INDEX ATTACH

ALTER INDEX public.attempt_rollup_pkey ATTACH PARTITION public.attempt_rollup_minute_pkey;

-- Name: decision_19700101_decided_at_idx; Type: INDEX ATTACH

ALTER INDEX public.decision_at ATTACH PARTITION public.decision_19700101_decided_at_idx;

-- Name: decision_19700101_pkey; Type: INDEX ATTACH

ALTER INDEX public.decision_pkey ATTACH PARTITION public.decision_19700101_pkey;

-- Name: decision_19700101_task_id_idx; Type: INDEX ATTACH

ALTER INDEX public.decision_task ATTACH PARTITION public.decision_19700101_task_id_idx;

-- Name: step_19700101_pkey; Type: INDEX ATTACH

ALTER INDEX public.step_pkey ATTACH PARTITION public.step_19700101_pkey;

-- Name: step_19700101_task_id_idx; Type: INDEX ATTACH

ALTER INDEX public.step_task ATTACH PARTITION public.step_19700101_task_id_idx;

-- Name: task_rollup_day_pkey; Type: INDEX ATTACH

ALTER INDEX public.task_rollup_pkey ATTACH PARTITION public.task_rollup_day_pkey;

-- Name: task_rollup_hour_pkey; Type: INDEX ATTACH

ALTER INDEX public.task_rollup_pkey ATTACH PARTITION public.task_rollup_hour_pkey;

-- Name: task_rollup_minute_19700101_pkey; Type: INDEX ATTACH

ALTER INDEX public.task_rollup_minute_pkey ATTACH PARTITION public.task_rollup_minute_19700101_pkey;

-- Name: task_rollup_minute_pkey; Type: INDEX ATTACH

ALTER INDEX public.task_rollup_pkey ATTACH PARTITION public.task_rollup_minute_pkey;

-- Name: api_key api_key_class_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.dict(id);

-- Name: api_key api_key_team_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_team_id_fkey FOREIGN KEY (team_id) REFERENCES public.dict(id);

-- Name: budget_account budget_account_budget_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.budget_account
    ADD CONSTRAINT budget_account_budget_id_fkey FOREIGN KEY (budget_id) REFERENCES public.budget(id) ON DELETE CASCADE;

-- Name: budget_lease budget_lease_budget_id_subject_period_start_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.budget_lease
    ADD CONSTRAINT budget_lease_budget_id_subject_period_start_fkey FOREIGN KEY (budget_id, subject, period_start) REFERENCES public.budget_account(budget_id, subject, period_start) ON DELETE CASCADE;

-- Name: budget_lease budget_lease_holder_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.budget_lease
    ADD CONSTRAINT budget_lease_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.budget_holder(id) ON DELETE CASCADE;

-- Name: oracle_class_day oracle_class_day_class_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.oracle_class_day
    ADD CONSTRAINT oracle_class_day_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.dict(id);

-- Name: outcome outcome_source_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.outcome
    ADD CONSTRAINT outcome_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.dict(id);

-- Name: task task_agent_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.dict(id);

-- Name: task task_class_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.dict(id);

-- Name: task task_sender_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES public.dict(id);

-- Name: task task_team_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_team_id_fkey FOREIGN KEY (team_id) REFERENCES public.dict(id);
