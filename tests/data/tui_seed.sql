-- A small ledger for the tests of the dashboard, always the same: the clock of
-- those tests stands at 2026-11-24 12:00 UTC. Names try to break the screen,
-- one model has no price, some tasks have no date, one was escalated. The
-- rollups are made from the rows at the end, by their definition.
BEGIN;

CREATE FUNCTION pg_temp.name_id(k text, n text) RETURNS integer LANGUAGE sql AS
$$ SELECT id FROM dict WHERE kind = k AND name = n $$;
-- Chance that is always the same: 0 <= r < n.
CREATE FUNCTION pg_temp.r(what text, n integer) RETURNS integer LANGUAGE sql AS
$$ SELECT (('x' || substr(md5(what), 1, 7))::bit(28)::integer) % n $$;

INSERT INTO dict (kind, name) VALUES
  ('class', 'coding'), ('class', 'support'), ('class', 'research'),
  ('class', 'legal'), ('class', 'unattributed'),
  ('class', E'evil\033[2J\u202Egnp.exe\u200b'), ('class', '漢字の仕事'),
  ('team', 'platform'), ('team', 'none'),
  ('agent', 'claude-code'), ('agent', 'helpdesk'), ('agent', E'an\nagent'),
  ('sender', 'claude-code'), ('sender', 'otlp'),
  ('source', 'gateway'), ('source', 'import:claude-code'),
  ('finish', 'end_turn'), ('finish', 'tool_use'), ('finish', 'max_tokens'),
  ('error', 'rate_limit'), ('error', 'timeout'),
  ('service_tier', 'standard'),
  ('tool', 'Bash'), ('tool', 'Edit'), ('tool', 'Read'), ('tool', 'Grep')
ON CONFLICT (kind, name) DO NOTHING;

INSERT INTO model (provider, name, tier) VALUES
  ('anthropic', 'claude-opus-4-6', 5), ('anthropic', 'claude-sonnet-4-5', 4),
  ('anthropic', 'claude-haiku-4-5', 2), ('openai', 'gpt-5', 4),
  ('acme', 'in-house-7b', NULL)
ON CONFLICT (provider, name) DO UPDATE SET tier = excluded.tier;

-- Prices with ids of their own, far from those of the shipped table.
INSERT INTO price (id, source, source_date, provider, model, valid_from,
  input_fusd, output_fusd, cache_read_fusd, cache_write_5m_fusd,
  cache_write_1h_fusd, tier_start_tokens, tier_input_fusd, tier_output_fusd,
  batch_input_fusd, batch_output_fusd, web_search_pusd, context_window,
  max_output, imported_at) OVERRIDING SYSTEM VALUE VALUES
  (900001, 'tui-seed', '2026-10-01', 'anthropic', 'claude-opus-4-6',
   '2026-03-13', 5000000000, 25000000000, 500000000, 6250000000, 10000000000,
   NULL, NULL, NULL, 2500000000, 12500000000, 10000000000, 1000000, 128000,
   '2026-10-01 00:00Z'),
  (900002, 'tui-seed', '2026-10-01', 'anthropic', 'claude-sonnet-4-5',
   '2025-09-29', 3000000000, 15000000000, 300000000, 3750000000, 6000000000,
   200000, 6000000000, 22500000000, 1500000000, 7500000000, 10000000000,
   200000, 64000, '2026-10-01 00:00Z'),
  (900003, 'tui-seed', '2026-10-01', 'anthropic', 'claude-haiku-4-5',
   '2025-10-01', 1000000000, 5000000000, 100000000, 1250000000, 2000000000,
   NULL, NULL, NULL, NULL, NULL, NULL, 200000, 64000, '2026-10-01 00:00Z'),
  (900004, 'tui-seed', '2026-10-01', 'openai', 'gpt-5', '2025-08-07',
   1250000000, 10000000000, 125000000, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, 400000, 128000, '2026-10-01 00:00Z');

SELECT aco_make_day((date '2026-10-20' + i)::date) FROM generate_series(0, 36) i;

-- ---- attempts, without their costs ----

CREATE TEMP TABLE a (
  task text, class text, agent text, team text, sender text, step integer,
  no integer, kind text, tool text, model text, started timestamptz,
  took_ms integer, status text DEFAULT 'ok', err text, fin text,
  ui bigint, cr bigint, w5 bigint, w1 bigint, o bigint, re bigint,
  success integer, quality text DEFAULT 'exact', escalates boolean DEFAULT false,
  source text DEFAULT 'gateway');

-- Forty tasks over five weeks, a few steps each.
INSERT INTO a (task, class, agent, team, sender, step, no, kind, tool, model,
  started, took_ms, fin, ui, cr, w5, w1, o, re, success)
SELECT 'session-' || lpad(t::text, 3, '0'), class,
  CASE WHEN class = 'support' THEN 'helpdesk' ELSE 'claude-code' END,
  'platform', 'claude-code', s, 1,
  (ARRAY['read', 'search', 'edit', 'execute', 'verify', 'plan'])[1 + pg_temp.r('k' || t || s, 6)],
  (ARRAY['Read', 'Grep', 'Edit', 'Bash', 'Bash', NULL])[1 + pg_temp.r('k' || t || s, 6)],
  CASE class WHEN 'support' THEN 'claude-haiku-4-5' WHEN 'research' THEN 'gpt-5'
    WHEN 'legal' THEN 'claude-opus-4-6' ELSE 'claude-sonnet-4-5' END,
  at + s * interval '47 seconds' + pg_temp.r('j' || t || s, 20) * interval '1 second',
  800 + pg_temp.r('d' || t || s, 30000), 'tool_use',
  200 + pg_temp.r('u' || t || s, 4000), pg_temp.r('c' || t || s, 90000),
  pg_temp.r('w' || t || s, 6000), 0, 50 + pg_temp.r('o' || t || s, 2500), NULL,
  CASE WHEN t % 5 = 4 THEN NULL WHEN pg_temp.r('s' || t, 10) < 7 THEN 1000000 ELSE 0 END
FROM (SELECT t,
    (ARRAY['coding', 'coding', 'support', 'research', 'coding', 'support',
      'legal', 'unattributed'])[1 + t % 8] AS class,
    timestamptz '2026-11-24 11:40Z' - t * t * interval '31 minutes' AS at
  FROM generate_series(0, 39) t) tasks
CROSS JOIN LATERAL generate_series(1, 2 + pg_temp.r('n' || t, 5)) s;

-- The one that the tests open: a retry, an escalation, a failed tool.
INSERT INTO a (task, class, agent, team, sender, step, no, kind, tool, model,
  started, took_ms, status, err, fin, ui, cr, w5, w1, o, re, success, quality,
  escalates) VALUES
  ('fix-flaky-test', 'coding', 'claude-code', 'platform', 'claude-code', 1, 1,
   'plan', NULL, 'claude-haiku-4-5', '2026-11-24 10:00:00Z', 2150, 'ok', NULL,
   'tool_use', 3, 0, 14210, 0, 612, 400, 1000000, 'exact', false),
  ('fix-flaky-test', 'coding', 'claude-code', 'platform', 'claude-code', 2, 1,
   'search', 'Grep', 'claude-haiku-4-5', '2026-11-24 10:00:05Z', 40, 'error',
   'rate_limit', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1000000, 'missing', false),
  ('fix-flaky-test', 'coding', 'claude-code', 'platform', 'claude-code', 2, 2,
   'search', 'Grep', 'claude-haiku-4-5', '2026-11-24 10:00:07Z', 1890, 'ok',
   NULL, 'tool_use', 640, 14213, 890, 0, 233, NULL, 1000000, 'exact', false),
  ('fix-flaky-test', 'coding', 'claude-code', 'platform', 'claude-code', 3, 1,
   'edit', 'Edit', 'claude-haiku-4-5', '2026-11-24 10:00:12Z', 9120, 'ok',
   NULL, 'max_tokens', 1210, 15103, 233, 0, 4096, NULL, 1000000, 'exact', false),
  ('fix-flaky-test', 'coding', 'claude-code', 'platform', 'claude-code', 3, 2,
   'edit', 'Edit', 'claude-sonnet-4-5', '2026-11-24 10:00:23Z', 18400, 'ok',
   NULL, 'tool_use', 350, 10000, 1500, 500, 512, 120, 1000000, 'exact', true),
  ('fix-flaky-test', 'coding', 'claude-code', 'platform', 'claude-code', 4, 1,
   'verify', 'Bash', 'claude-sonnet-4-5', '2026-11-24 10:01:02Z', 3300, 'ok',
   NULL, 'end_turn', 180, 12350, 512, 0, 301, NULL, 1000000, 'no_ttl_split', false);

-- A model without a price, names that attack, tasks without a date.
INSERT INTO a (task, class, agent, team, sender, step, no, kind, tool, model,
  started, took_ms, fin, ui, cr, w5, w1, o, re, success, quality, source) VALUES
  (E'run\033]0;pwned\007\nx', 'unattributed', E'an\nagent', 'none', 'otlp', 1, 1,
   'other', NULL, 'in-house-7b', '2026-11-24 11:58:30Z', 400, 'end_turn', 1500,
   0, 0, 0, 90, NULL, NULL, 'cache_unknown', 'gateway'),
  ('漢字-タスク', '漢字の仕事', 'claude-code', 'none', 'otlp', 1, 1, 'read', 'Read',
   'gpt-5', '2026-11-24 09:12:00Z', 2400, 'end_turn', 900, 4000, 0, 0, 120, 64,
   500000, 'inferred', 'gateway'),
  ('evil-1', E'evil\033[2J\u202Egnp.exe\u200b', 'claude-code', 'none', 'otlp', 1, 1,
   'read', 'Read', 'gpt-5', '2026-11-24 08:00:00Z', 2400, 'end_turn', 900, 4000,
   0, 0, 120, 64, NULL, 'exact', 'gateway'),
  ('undated-1', 'coding', 'claude-code', 'platform', 'claude-code', 1, 1, 'edit',
   'Edit', 'claude-sonnet-4-5', NULL, NULL, 'end_turn', 5000, 0, 0, 0, 700,
   NULL, 1000000, 'exact', 'import:claude-code'),
  ('undated-2', 'support', 'helpdesk', 'platform', 'claude-code', 1, 1, 'read',
   NULL, 'claude-haiku-4-5', NULL, NULL, 'end_turn', 700, 0, 0, 0, 60, NULL,
   NULL, 'exact', 'import:claude-code');

-- ---- the tables ----

INSERT INTO task (id, sender_id, ext_id, team_id, agent_id, class_id,
  class_rank, who_ranks, received_at)
SELECT DISTINCT ON (task) md5('task' || task)::uuid,
  pg_temp.name_id('sender', sender), task, pg_temp.name_id('team', team),
  pg_temp.name_id('agent', agent), pg_temp.name_id('class', class),
  CASE class WHEN 'unattributed' THEN 7 WHEN 'legal' THEN 6 ELSE 1 END, 546,
  timestamptz '2026-11-24 11:59Z'
FROM a ORDER BY task;

INSERT INTO step (day, id, task_id, seq, kind, tool_id, failed, started_at)
SELECT coalesce((min(started) AT TIME ZONE 'UTC')::date, '1970-01-01'),
  md5('step' || task || step)::uuid, md5('task' || task)::uuid, step,
  min(kind)::step_kind, pg_temp.name_id('tool', min(tool)),
  CASE WHEN task = 'fix-flaky-test' THEN step = 3
    WHEN min(tool) IS NOT NULL THEN false END, min(started)
FROM a GROUP BY task, step;

INSERT INTO attempt (day, id, task_id, step_id, step_day, model_id, tier,
  attempt_no, status, quality, started_at, first_token_at, ended_at,
  received_at, uncached_in, cache_read, cache_write_5m, cache_write_1h, output,
  reasoning, cost_pusd, price_id, reported_cost_pusd, source_id, finish_id,
  error_id, service_tier_id, escalated_from, prov, keys)
SELECT coalesce((started AT TIME ZONE 'UTC')::date, '1970-01-01'),
  md5('attempt' || task || step || '/' || no)::uuid, md5('task' || task)::uuid,
  md5('step' || task || step)::uuid,
  coalesce((min(started) OVER (PARTITION BY task, step) AT TIME ZONE 'UTC')::date,
    '1970-01-01'),
  m.id, m.tier, no, status::attempt_status, quality::usage_quality, started,
  started + least(took_ms, 600) * interval '1 ms',
  started + took_ms * interval '1 ms',
  coalesce(started + (took_ms + 5) * interval '1 ms', '2026-11-20 08:00Z'),
  ui, cr, w5, w1, o, re,
  CASE WHEN ui IS NULL OR p.id IS NULL THEN NULL ELSE
    (ui * p.input_fusd + cr * p.cache_read_fusd
      + w5 * coalesce(p.cache_write_5m_fusd, p.input_fusd)
      + w1 * coalesce(p.cache_write_1h_fusd, 0) + o * p.output_fusd) / 1000 END,
  p.id,
  CASE WHEN task = 'fix-flaky-test' AND step = 4 THEN 12000000000 END,
  pg_temp.name_id('source', a.source), pg_temp.name_id('finish', fin),
  pg_temp.name_id('error', err),
  CASE WHEN a.source = 'gateway' THEN pg_temp.name_id('service_tier', 'standard') END,
  CASE WHEN escalates THEN md5('attempt' || task || step || '/' || no - 1)::uuid END,
  17, decode(md5('attempt' || task || step || '/' || no), 'hex')
FROM a
JOIN model m ON m.name = a.model AND m.provider IN ('anthropic', 'openai', 'acme')
LEFT JOIN price p ON p.model = a.model AND p.source = 'tui-seed';

UPDATE task t SET started_at = s.started_at, ended_at = s.ended_at,
  attempts = s.attempts, errors = s.errors, unpriced = s.unpriced,
  escalations = s.escalations, uncached_in = s.ui, cache_read = s.cr,
  cache_write_5m = s.w5, cache_write_1h = s.w1, output = s.o, reasoning = s.re,
  cost_pusd = s.cost, success_micro = o.success
FROM (SELECT task_id, min(started_at) AS started_at, max(ended_at) AS ended_at,
    count(*) AS attempts, count(*) FILTER (WHERE status <> 'ok') AS errors,
    count(*) FILTER (WHERE cost_pusd IS NULL) AS unpriced,
    count(escalated_from) AS escalations, coalesce(sum(uncached_in), 0) AS ui,
    coalesce(sum(cache_read), 0) AS cr, coalesce(sum(cache_write_5m), 0) AS w5,
    coalesce(sum(cache_write_1h), 0) AS w1, coalesce(sum(output), 0) AS o,
    coalesce(sum(reasoning), 0) AS re, coalesce(sum(cost_pusd), 0) AS cost
  FROM attempt GROUP BY task_id) s,
  (SELECT md5('task' || task)::uuid AS id, max(success) AS success
  FROM a GROUP BY task) o
WHERE s.task_id = t.id AND o.id = t.id;

-- A name stands under each UTC day within an hour of the call.
INSERT INTO attempt_key (day, hash, attempt_day, attempt_id)
SELECT DISTINCT d, x.id, x.day, x.id
FROM attempt x
CROSS JOIN LATERAL (VALUES (x.day),
  (((x.started_at - interval '1 hour') AT TIME ZONE 'UTC')::date),
  (((x.started_at + interval '1 hour') AT TIME ZONE 'UTC')::date)) v (d)
WHERE d IS NOT NULL;

INSERT INTO attempt_rollup (grain, bucket, slot, class_id, agent_id, team_id,
  model_id, tier, attempts, errors, unpriced, escalations, uncached_in,
  cache_read, cache_write_5m, cache_write_1h, output, reasoning, cost_pusd)
SELECT g::rollup_grain, date_trunc(g, coalesce(x.started_at, '1970-01-01 00:00Z'), 'UTC'),
  0, t.class_id, t.agent_id, t.team_id, x.model_id, coalesce(x.tier, 0), count(*),
  count(*) FILTER (WHERE x.status <> 'ok'),
  count(*) FILTER (WHERE x.cost_pusd IS NULL), count(x.escalated_from),
  coalesce(sum(x.uncached_in), 0), coalesce(sum(x.cache_read), 0),
  coalesce(sum(x.cache_write_5m), 0), coalesce(sum(x.cache_write_1h), 0),
  coalesce(sum(x.output), 0), coalesce(sum(x.reasoning), 0),
  coalesce(sum(x.cost_pusd), 0)
FROM attempt x
JOIN task t ON t.id = x.task_id
CROSS JOIN unnest(ARRAY['minute', 'hour', 'day']) g
GROUP BY 1, 2, 4, 5, 6, 7, 8;

-- ---- the router, budgets, and what needs somebody ----

INSERT INTO bundle (id, created_at, state, feature_schema, certificate, body)
OVERRIDING SYSTEM VALUE VALUES
  (1, '2026-11-10 03:00Z', 'retired', md5('schema')::uuid,
   '{"version": "2026-11-10a", "trained_at": "2026-11-10T03:00:00Z", "rows": 8120,
     "gate": {"passed": true, "gain": 0.118, "gain_low": 0.041, "reason": "better in total, no class worse"},
     "metrics": {"ece": 0.031, "brier_skill": 0.22, "rows": 900}}', ''),
  (2, '2026-11-22 03:00Z', 'serving', md5('schema')::uuid,
   '{"version": "2026-11-22a", "trained_at": "2026-11-22T03:00:00Z",
     "window": {"since": "2026-09-01T00:00:00Z", "until": "2026-11-21T00:00:00Z"},
     "rows": 12840,
     "gate": {"passed": true, "gain": 0.083, "gain_low": 0.012, "reason": "better in total, no class worse"},
     "metrics": {"ece": 0.027, "brier_skill": 0.31, "rows": 1410,
       "reliability": [{"p": 0.05, "observed": 0.04, "n": 40}, {"p": 0.15, "observed": 0.18, "n": 66},
         {"p": 0.25, "observed": 0.22, "n": 80}, {"p": 0.35, "observed": 0.37, "n": 95},
         {"p": 0.45, "observed": 0.43, "n": 120}, {"p": 0.55, "observed": 0.4, "n": 140},
         {"p": 0.65, "observed": 0.66, "n": 180}, {"p": 0.75, "observed": 0.77, "n": 230},
         {"p": 0.85, "observed": 0.84, "n": 260}, {"p": 0.95, "observed": 0.93, "n": 199}]},
     "classes": [
       {"name": "coding", "serves": "learned", "why": "cheaper at equal success on later data", "tasks": 820,
        "static": {"success": 0.81, "cost_usd": 0.212}, "learned": {"success": 0.822, "cost_usd": 0.131}, "ece": 0.024},
       {"name": "support", "serves": "learned", "why": "cheaper at equal success on later data", "tasks": 410,
        "static": {"success": 0.93, "cost_usd": "0.0410"}, "learned": {"success": 0.931, "cost_usd": "0.0294"}, "ece": 0.019},
       {"name": "legal", "serves": "static", "why": "floor at tier 4", "tasks": 96,
        "static": {"success": 0.9, "cost_usd": 0.48}},
       {"name": "research", "serves": "strongest", "why": "too few outcomes of its own", "tasks": 18}],
     "drift": {"state": "drifted", "psi": 0.27, "why": "context size has grown"},
     "plane": {"points": [{"name": "claude-haiku-4-5", "kind": "single", "cost_usd": 0.021, "success": 0.58},
       {"name": "gpt-5", "kind": "single", "cost_usd": 0.12, "success": 0.74},
       {"name": "claude-sonnet-4-5", "kind": "single", "cost_usd": 0.16, "success": 0.79},
       {"name": "claude-opus-4-6", "kind": "single", "cost_usd": 0.41, "success": 0.86},
       {"name": "hull", "kind": "hull", "cost_usd": 0.021, "success": 0.58},
       {"name": "hull", "kind": "hull", "cost_usd": 0.16, "success": 0.79},
       {"name": "hull", "kind": "hull", "cost_usd": 0.41, "success": 0.86},
       {"name": "learned", "kind": "policy", "cost_usd": 0.11, "success": 0.82},
       {"name": "oracle", "kind": "oracle", "cost_usd": 0.07, "success": 0.9}]},
     "preview": {"days": 7, "saved_usd": "3.42", "low": "2.10", "high": "4.88", "success_delta": 0.011}}', ''),
  (3, '2026-11-24 03:00Z', 'refused', md5('schema')::uuid,
   '{"version": "2026-11-24a", "rows": 12990,
     "gate": {"passed": false, "gain": 0.004, "gain_low": -0.02, "reason": "the gain may be none"}}', '');

INSERT INTO oracle_class_day (day, class_id, computed_at, judged, observed, paid_pusd,
  oracle_pusd, oracle_low_pusd, oracle_high_pusd, success_micro, oracle_success_micro, figures)
SELECT day, pg_temp.name_id('class', class), '2026-11-24 11:00Z', judged, observed,
  paid, oracle, low, high, good * 1000000::bigint, oracle_good * 1000000::bigint,
  json_build_object('always_strongest', json_build_object('cost_usd', strongest, 'success', 0.9))
FROM (VALUES
  (date '2026-11-24', 'coding', 3, 2, 430000000000, 251000000000, 220000000000, 290000000000, 3, 3, '1.31'),
  ('2026-11-23', 'coding', 1, 0, 309000000000, 199500000000, 150000000000, 260000000000, 0, 1, '0.92'),
  ('2026-11-24', 'support', 2, 1, 115900000000, 98000000000, 90000000000, 104000000000, 2, 2, '0.77'),
  ('2026-11-23', 'legal', 1, 0, 475000000000, 475000000000, NULL, NULL, 1, 1, NULL))
  v (day, class, judged, observed, paid, oracle, low, high, good, oracle_good, strongest);

INSERT INTO decision (day, id, task_id, decided_at, bundle_id, policy, plan, live,
  propensity, p_success, p_low, p_high, expected_cost_pusd, bound_by, reasons) VALUES
  ('2026-11-24', md5('decision1')::uuid, md5('taskfix-flaky-test')::uuid,
   '2026-11-24 10:00:22Z', 2, 'learned', 'cascade(claude-sonnet-4-5 -> claude-opus-4-6 @0.83)', true, 0.98,
   '{0.21,0.44,0.61,0.83,0.9}', '{0.15,0.36,0.52,0.76,0.84}', '{0.29,0.53,0.69,0.88,0.94}',
   '{4000000000,9000000000,21000000000,38000000000,96000000000}', 'escalation',
   '{"rule": "after a failed attempt", "floor": 2, "explored": false, "kind": "edit",
     "budget": "platform: 82% of the day",
     "arms": [{"model": "claude-haiku-4-5", "tier": 2, "p": 0.44, "low": 0.36, "high": 0.53, "cost_usd": "0.009"},
       {"model": "claude-sonnet-4-5", "tier": 4, "p": 0.83, "low": 0.76, "high": 0.88, "cost_usd": 0.038},
       {"model": "claude-opus-4-6", "tier": 5, "p": 0.9, "low": 0.84, "high": 0.94, "cost_usd": "0.096"}],
     "moved": [{"feature": "class_rate", "by": 0.12}, {"feature": "attempt_failed", "by": -0.31},
       {"feature": "context_tokens", "by": -0.06}]}'),
  ('2026-11-24', md5('decision2')::uuid, md5('tasksession-002')::uuid,
   '2026-11-24 09:37:00Z', 2, 'learned', 'single(2)', true, 0.02,
   '{0.7,0.91,0.94,0.97,0.98}', NULL, NULL, '{1000000000,16000000000,30000000000,45000000000,99000000000}',
   NULL, '{"explored": true}'),
  ('2026-11-24', md5('decision3')::uuid, md5('taskevil-1')::uuid,
   '2026-11-24 08:00:00Z', NULL, E'st\033[2Jatic', 'single(5)', false, 1, NULL, NULL, NULL, NULL,
   'floor', NULL);
UPDATE attempt SET decision_id = md5('decision1')::uuid,
  evidence = '{0,0,1,NaN,-0.21,-4.1,-1.3}'
WHERE task_id = md5('taskfix-flaky-test')::uuid AND escalated_from IS NOT NULL;
UPDATE task t SET routed = a.n, escalations_routed = a.e
FROM (SELECT task_id, count(decision_id) AS n,
    count(*) FILTER (WHERE escalated_from IS NOT NULL AND decision_id IS NOT NULL) AS e
  FROM attempt GROUP BY task_id) a
WHERE a.task_id = t.id;
INSERT INTO task_open (task_id) SELECT id FROM task;
INSERT INTO task_rollup (grain, bucket, slot, class_id, agent_id, team_id,
  started, judged, success_micro, routed, escalated, escalated_routed, paid_pusd,
  paid_judged_pusd)
SELECT g::rollup_grain, date_trunc(g, coalesce(started_at, '1970-01-01 00:00Z'), 'UTC'),
  0, class_id, agent_id, team_id, count(*), count(success_micro),
  coalesce(sum(success_micro), 0), count(*) FILTER (WHERE routed > 0),
  count(*) FILTER (WHERE escalations > 0),
  count(*) FILTER (WHERE escalations_routed > 0), sum(cost_pusd),
  coalesce(sum(cost_pusd) FILTER (WHERE success_micro IS NOT NULL), 0)
FROM task
CROSS JOIN unnest(ARRAY['minute', 'hour', 'day']) g
WHERE attempts > 0
GROUP BY 1, 2, 4, 5, 6;

INSERT INTO budget (id, scope, subject, period, timezone, limit_pusd, hard, created_at)
OVERRIDING SYSTEM VALUE VALUES
  (1, 'team', 'platform', 'day', 'UTC', 1100000000000, true, '2026-11-01 00:00Z'),
  (2, 'class', 'coding', 'day', 'Europe/Berlin', 500000000000, false, '2026-11-01 00:00Z'),
  (3, 'agent', 'helpdesk', 'month', 'UTC', 25000000000000, true, '2026-11-01 00:00Z'),
  (4, 'key', 'ci', 'total', 'UTC', 10000000000000, true, '2026-11-01 00:00Z');
INSERT INTO budget_holder (id, name, started_at) OVERRIDING SYSTEM VALUE VALUES
  (1, 'host 1', '2026-11-24 09:00Z');
INSERT INTO budget_account (budget_id, subject, period_start, period_end, settled_pusd,
  leased_pusd, ledger_at) VALUES
  (4, 'ci', '1970-01-01 00:00Z', 'infinity', 310000000000, 400000000000, '2026-11-24 11:59Z');
INSERT INTO budget_lease (holder_id, no, budget_id, subject, period_start, leased_pusd,
  live_pusd, settled_pusd, told_at) VALUES
  (1, 1, 4, 'ci', '1970-01-01 00:00Z', 400000000000, 400000000000, 310000000000, '2026-11-24 11:59Z');

INSERT INTO alert (kind, scope, period_start, raised_at, detail) VALUES
  ('budget overrun', 'class coding', '2026-11-24 00:00Z', '2026-11-24 11:41Z', '{"limit_usd": "0.5"}');
INSERT INTO dead_letter (id, received_at, source, origin, reason, sqlstate, body, kind) VALUES
  (md5('dead1')::uuid, '2026-11-24 07:30Z', 'otlp', '10.0.0.7', E'started_at: not a time\033[2J', NULL, '\x7b7d', 'event'),
  (md5('dead2')::uuid, '2026-11-24 07:31Z', 'otlp', '10.0.0.7', 'tokens below zero', '23514', '\x7b7d', 'event'),
  (md5('dead3')::uuid, '2026-11-20 07:31Z', 'import:codex', 'rollout.jsonl:12', 'cut off', NULL, NULL, 'note');
INSERT INTO correction (at, attempt_day, attempt_id, old_cost_pusd, new_cost_pusd, old_price_id,
  new_price_id, reason)
SELECT '2026-11-24 06:00Z', day, id, cost_pusd + 1500000000, cost_pusd, NULL, price_id, 'price correction'
FROM attempt WHERE task_id = md5('taskfix-flaky-test')::uuid AND escalated_from IS NOT NULL;

COMMIT;
