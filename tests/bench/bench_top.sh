#!/bin/bash
# The dashboard on a ledger of many attempts: how long until there is data on
# the screen, what the database does for one refresh of each screen, how long
# going in takes, and the memory; beside pg_activity, where it is installed, and
# the plain GROUP BY of the same figures over the attempts.
#
# The ledger has the rollups of ACO_BENCH_CALLS attempts (10,000,000) over 30
# days, some 2.4 million minute rows; a tenth as many tasks, decisions and
# outcomes of the oracle; the attempts of the last hours as rows of their own, to
# be looked into; and a narrow table of all calls for the plain query. With
# ACO_BENCH_LEDGER=FOLDER it is made in that folder, kept, and used again.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start top ms "$@"
calls=${ACO_BENCH_CALLS:-10000000}
refreshes=${ACO_BENCH_REFRESHES:-20}
command -v tmux >/dev/null || bench_skip 'tmux is not installed'

# A kept ledger is stopped at the end, not removed.
kept_end() {
  tm kill-server 2>/dev/null
  rm -rf "$bench_work"/state* "$bench_work/tmux"
  unset ACO_DATABASE_URL
  "$aco" down >/dev/null 2>&1
}
tm() { tmux -S "$bench_work/tmux" -f /dev/null "$@"; }
# A server that was told to end may take a while, and none can begin meanwhile.
tm_end() {
  tm kill-server 2>/dev/null
  while tm has-session 2>/dev/null; do sleep 0.05; done
  rm -f "$bench_work/tmux"
}

if [ -n "${ACO_BENCH_LEDGER-}" ]; then
  mkdir -p "$ACO_BENCH_LEDGER" || exit 1
  bench_work=$ACO_BENCH_LEDGER
  chmod 755 "$bench_work"
  export ACO_HOME=$bench_work/home ACO_CONFIG=/dev/null ACO_RETENTION_DAYS=0
  export ACO_AUTOSTART=no
  unset ACO_DATABASE_URL
  trap kept_end EXIT
  trap 'exit 130' INT TERM
  "$aco" up --no-serve >"$bench_work/up.log" 2>&1 ||
    bench_die "aco up: $(cat "$bench_work/up.log")"
else
  bench_cluster
fi
export ACO_NOW=2026-11-24T12:00:00Z LC_ALL=C.UTF-8
export XDG_STATE_HOME=$bench_work/state

generate() { psql -X -q -v ON_ERROR_STOP=1 -v calls="$calls" -d "$super"; }
gen_failed() { bench_die "$(tail -n 3 "$bench_work/gen.log")"; }
build_ledger() {
  fresh
  generate >"$bench_work/gen.log" 2>&1 <<'END' || gen_failed
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
SELECT aco_make_day((date '2026-10-25' + i)::date) FROM generate_series(0, 31) i;
INSERT INTO dict (kind, name) SELECT 'class', 'class-' || i FROM generate_series(1, 10) i;
INSERT INTO dict (kind, name) SELECT 'agent', 'agent-' || i FROM generate_series(1, 6) i;
INSERT INTO dict (kind, name) SELECT 'team', 'team-' || i FROM generate_series(1, 4) i;
INSERT INTO dict (kind, name) VALUES ('sender', 'bench'), ('source', 'bench')
ON CONFLICT DO NOTHING;
INSERT INTO model (provider, name, tier)
SELECT 'bench', 'model-' || i, i FROM generate_series(1, 5) i;
-- Sixty sets of dimensions; of them fifty-five call in a minute.
CREATE TABLE combo AS
SELECT i, c.id AS class_id, a.id AS agent_id, t.id AS team_id, m.id AS model_id, m.tier
FROM generate_series(0, 59) i
JOIN dict c ON c.kind = 'class' AND c.name = 'class-' || 1 + i % 10
JOIN dict a ON a.kind = 'agent' AND a.name = 'agent-' || 1 + i % 6
JOIN dict t ON t.kind = 'team' AND t.name = 'team-' || 1 + i % 4
JOIN model m ON m.provider = 'bench' AND m.name = 'model-' || 1 + (i / 7) % 5;
END
  # Two at once: a machine has so many processors at least.
  generate >"$bench_work/gen-calls.log" 2>&1 <<'END' &
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
-- All calls, for the plain query: what it needs of a row, and no more.
CREATE UNLOGGED TABLE calls AS
SELECT at AS started_at, class_id, tier, k % 40 = 0 AS failed, k % 20 = 0 AS escalated,
  21000000000 + k % 1000 AS cost_pusd
FROM generate_series(0, :calls - 1) k JOIN combo ON i = k % 60,
LATERAL (SELECT timestamptz '2026-10-25 12:00Z' + k * (interval '30 days' / :calls) AS at) x;
CREATE INDEX ON calls (started_at);
VACUUM ANALYZE calls;
END
  generate >"$bench_work/gen.log" 2>&1 <<'END' || gen_failed
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
INSERT INTO attempt_rollup
SELECT 'minute', timestamptz '2026-10-25 12:00Z' + m * interval '1 minute', 0, class_id,
  agent_id, team_id, model_id, tier, n, n / 40, 0, n / 20, n * 900, n * 20000, n * 1500, 0,
  n * 600, n * 100, n * 21000000000::numeric + (m * 7919 + i * 104729) % 1000000007
FROM generate_series(0, 43199) m
JOIN combo ON (m + i) % 12 <> 0,
LATERAL (SELECT greatest(1, :calls / 2376000.0 * (0.6 + ((m * 31 + i * 17) % 80) / 100.0))::bigint AS n) x
WHERE n > 0;
INSERT INTO attempt_rollup
SELECT g::rollup_grain, date_trunc(g, bucket, 'UTC'), 0, class_id, agent_id, team_id, model_id,
  tier, sum(attempts), sum(errors), sum(unpriced), sum(escalations), sum(uncached_in),
  sum(cache_read), sum(cache_write_5m), 0, sum(output), sum(reasoning), sum(cost_pusd)
FROM attempt_rollup, unnest(ARRAY['hour', 'day']) g
WHERE grain = 'minute' GROUP BY 1, 2, 4, 5, 6, 7, 8 ORDER BY 1, 2;
INSERT INTO task (id, sender_id, ext_id, team_id, agent_id, class_id, class_rank, who_ranks,
  started_at, ended_at, attempts, errors, escalations, uncached_in, output, cost_pusd, success_micro)
SELECT md5('t' || k)::uuid, s.id, 'task-' || k, team_id, agent_id, class_id, 1, 0, at,
  at + interval '5 minutes', 10, k % 40 / 39, (k % 20 = 0)::int, 9000, 6000,
  210000000000 + k % 1000 * 300000000::bigint,
  CASE WHEN k % 5 < 3 THEN (k % 7 > 1)::int * 1000000 END
FROM generate_series(0, :calls / 10 - 1) k
JOIN combo ON i = k % 60
JOIN dict s ON s.kind = 'sender' AND s.name = 'bench',
LATERAL (SELECT timestamptz '2026-11-24 11:54Z' - k * (interval '30 days' / (:calls / 10.0)) AS at) x;
INSERT INTO task_cost
SELECT id, (started_at AT TIME ZONE 'UTC')::date, class_id, agent_id, team_id, started_at, cost_pusd
FROM task;
INSERT INTO task_rollup
SELECT g::rollup_grain, date_trunc(g, started_at, 'UTC'), 0, class_id, agent_id, team_id,
  count(*), count(success_micro), coalesce(sum(success_micro), 0), 0,
  count(*) FILTER (WHERE escalations > 0), sum(cost_pusd),
  coalesce(sum(cost_pusd) FILTER (WHERE success_micro IS NOT NULL), 0)
FROM task, unnest(ARRAY['minute', 'hour', 'day']) g GROUP BY 1, 2, 4, 5, 6
ORDER BY 1, 2;
-- Steps and attempts of the newest tasks.
INSERT INTO step (day, id, task_id, seq, kind, started_at)
SELECT (at AT TIME ZONE 'UTC')::date, md5('s' || ext_id || s)::uuid, id, s, 'edit', at
FROM (SELECT * FROM task ORDER BY started_at DESC LIMIT 2000) t,
  generate_series(1, 10) s, LATERAL (SELECT started_at + s * interval '20 s' AS at) x;
INSERT INTO attempt (day, id, task_id, step_id, step_day, model_id, tier, status, quality,
  started_at, ended_at, received_at, uncached_in, cache_read, output, cost_pusd, source_id,
  prov, keys)
SELECT s.day, md5('a' || s.id)::uuid, s.task_id, s.id, s.day, m.id, m.tier, 'ok', 'exact',
  s.started_at, s.started_at + interval '9 s', s.started_at + interval '10 s', 900, 20000, 600,
  21000000000, d.id, 17, '\x'
FROM step s
JOIN model m ON m.provider = 'bench' AND m.name = 'model-' || 1 + s.seq % 5
JOIN dict d ON d.kind = 'source' AND d.name = 'bench';
-- Decisions of a week, one a task; what the oracle says of each day; budgets.
INSERT INTO decision (day, id, task_id, decided_at, policy, plan, live, propensity,
  p_success, p_low, p_high, expected_cost_pusd, reasons)
SELECT (started_at AT TIME ZONE 'UTC')::date, md5('d' || ext_id)::uuid, id, started_at,
  'static', 'single(model-4)', true, 1, '{0.2,0.4,0.6,0.8,0.9}', '{0.1,0.3,0.5,0.7,0.8}',
  '{0.3,0.5,0.7,0.9,1}', '{1000000000,2000000000,3000000000,4000000000,5000000000}',
  '{"rule": null, "arms": [{"model": "model-1", "tier": 1, "p": 0.2, "cost_usd": "0.001"},
    {"model": "model-4", "tier": 4, "p": 0.8, "cost_usd": "0.004"}]}'
FROM task WHERE started_at > timestamptz '2026-11-17 12:00Z';
INSERT INTO oracle_class_day (day, class_id, computed_at, judged, observed, paid_pusd,
  oracle_pusd, oracle_low_pusd, oracle_high_pusd, success_micro, oracle_success_micro, figures)
SELECT date '2026-10-25' + i, id, '2026-11-24 11:00Z', 2000, 200, 700000000000000,
  400000000000000, 380000000000000, 420000000000000, 1300000000, 1700000000,
  '{"always_strongest": {"cost_usd": "1500", "success": 0.9}}'
FROM generate_series(0, 30) i, dict WHERE kind = 'class' AND name LIKE 'class-%';
INSERT INTO budget (scope, subject, period, limit_pusd)
SELECT 'team', 'team-' || i, 'day', 5000000000000000 FROM generate_series(1, 4) i;
INSERT INTO budget (scope, subject, period, limit_pusd)
SELECT 'class', 'class-' || i, 'month', 90000000000000000 FROM generate_series(1, 3) i;
END
  wait $! || bench_die "$(tail -n 3 "$bench_work/gen-calls.log")"
  generate >"$bench_work/gen.log" 2>&1 <<'END' || gen_failed
VACUUM ANALYZE;
CHECKPOINT;
END
}

super="postgresql://postgres@/bench?host=$ACO_HOME/pg/run"
if [ -e "$bench_work/made-$calls" ]; then
  export ACO_DATABASE_URL="postgresql://aco@/bench?host=$ACO_HOME/pg/run"
  "$aco" up --no-serve >"$bench_work/up.log" 2>&1 ||
    bench_die "aco up: $(cat "$bench_work/up.log")"
else
  build_ledger
  : >"$bench_work/made-$calls"
fi
chmod 755 "$bench_work"

# ---- ways to measure ----

# say LABEL VALUE...: the median and the worst, of so many.
say() {
  local label=$1 m w
  shift
  m=$(median "$@")
  w=$(printf '%s\n' "$@" | sort -g | tail -n 1)
  if [ "$bench_json" = yes ]; then
    jq -cn --arg name top --arg way "$label" --argjson median "$m" \
      --argjson worst "$w" --arg unit ms --argjson n $# \
      '{name: $name, way: $way, median: $median, worst: $worst, unit: $unit, n: $n}'
  else
    printf 'top: %-46s %9.1f ms (worst %.1f, of %d)\n' "$label" "$m" "$w" $#
  fi
}

ms_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", (b - a) * 1000 }'; }

# paint LABEL TEXT COMMAND: milliseconds from the start of a command until TEXT
# stands on its terminal of 160 by 48; looked at every few milliseconds.
paint() {
  local label=$1 i from all=() until
  tm new-session -d -x 160 -y 48 'exec sleep 1000'
  for i in 1 2 3 4 5 6 7 8 9; do
    until=$((SECONDS + 10))
    rm -rf "$XDG_STATE_HOME"
    from=$EPOCHREALTIME
    tm new-window -n paint "exec $3"
    while ! tm capture-pane -p -t paint | grep -q -- "$2"; do
      [ "$SECONDS" -lt "$until" ] || bench_die "$label: nothing is seen"
    done
    [ "$i" -eq 1 ] || all+=("$(ms_since "$from")")
    tm kill-window -t paint
  done
  tm_end
  say "$label" "${all[@]}"
}

# once LABEL ARG...: milliseconds until `aco top --once ARG...` has printed.
once() {
  local label=$1 i all=()
  shift
  for i in 1 2 3 4 5 6 7 8 9; do
    seconds "$aco" top --once "$@"
    [ "$i" -eq 1 ] || all+=("$(awk -v s="$took" 'BEGIN { printf "%.1f", s * 1000 }')")
  done
  say "$label" "${all[@]}"
}

# The server writes how long each statement took; a refresh begins with how
# fresh the ledger is. watch LABEL PATTERN COMMAND: COMMAND runs in a terminal meanwhile;
# PATTERN begins a refresh. Wall times mean little on a machine that is busy
# with others: cpu_of says what its server processes worked, in nanoseconds.
server_log=$(find "$ACO_HOME" -name 'postgresql-*.log' | sort | tail -n 1)
cpu_of() {
  sql postgres "SELECT pid FROM pg_stat_activity WHERE datname = 'bench'
    AND application_name IN ('aco top', 'pg_activity')" |
    while read -r pid; do cut -d' ' -f1 "/proc/$pid/schedstat" 2>/dev/null; done |
    awk '{ s += $1 } END { print s + 0 }'
}
begun() { tail -c +"$((from + 1))" "$server_log" | grep -c "bind $1\|statement: .*$1"; }
watch() {
  local label=$1 pattern=$2 from all cpu n until=$((SECONDS + 20))
  from=$(stat -c %s "$server_log")
  rm -rf "$XDG_STATE_HOME"
  tm new-session -d -x 160 -y 48 "$3"
  while [ "$(begun "$pattern")" -le 6 ] && [ "$SECONDS" -lt "$until" ]; do sleep 0.1; done
  cpu=$(cpu_of) n=$(begun "$pattern")
  while [ "$(begun "$pattern")" -le "$refreshes" ] && [ "$SECONDS" -lt "$until" ]; do
    sleep 0.1
  done
  cpu=$(awk -v a="$cpu" -v b="$(cpu_of)" -v n="$n" -v m="$(begun "$pattern")" \
    'BEGIN { printf "%.1f", (m > n) ? (b - a) / (m - n) / 1e6 : 0 }')
  peak=$(awk '/VmHWM/ { print $2 / 1024 }' "/proc/$(tm display -p '#{pane_pid}')/status" 2>/dev/null)
  tm_end
  # Of each refresh the sum; the first ones, which read the system's tables, are
  # left out.
  mapfile -t all < <(tail -c +"$((from + 1))" "$server_log" |
    awk -v p="$pattern" '/duration: / {
        if ($0 ~ p && $0 ~ /(bind|statement)/) { if (n++ > 2) print sum; sum = 0 }
        for (i = 1; i < NF; i++) if ($i == "duration:") sum += $(i + 1)
      }')
  [ "${#all[@]}" -gt 0 ] && say "database time of a refresh: $label" "${all[@]}"
  [ "$cpu" = 0.0 ] || say "processor time of it: $label" "$cpu"
}
# other LABEL COMMAND: what a program that refreshes each second costs the server.
other() {
  local cpu
  tm new-session -d -x 160 -y 48 "exec $2"
  sleep 4
  cpu=$(cpu_of)
  sleep 8
  cpu=$(awk -v a="$cpu" -v b="$(cpu_of)" 'BEGIN { printf "%.1f", (b - a) / 8 / 1e6 }')
  tm_end
  say "processor time of a refresh: $1" "$cpu"
}
screen() { watch "$1" query_fresh "$aco top --interval 0.1 $2"; }

logged() { sql postgres "ALTER DATABASE bench SET log_min_duration_statement = $1"; }

# ---- the figures ----

attempt=$(sql bench "SELECT id FROM attempt WHERE task_id = md5('t100')::uuid LIMIT 1")
decision=$(sql bench "SELECT id FROM decision ORDER BY decided_at DESC LIMIT 1")
paint 'start to first screen: fleet, 24 h' class-1 "$aco top --view fleet"
paint 'start to first screen: fleet, 30 d' class-1 "$aco top --view fleet --since 30d"
paint 'start to first screen: a class' task- "$aco top --class class-1"
paint 'start to first screen: a task' ' model-2 ' "$aco top --task task-100"
paint 'start to first screen: an attempt' ARITHMETIC \
  "$aco top --task task-100 --attempt $attempt"
once 'start to printed: fleet, 24 h' --view fleet
once 'start to printed: search' --search task-77
logged 0
screen 'fleet, 24 h' '--view fleet'
fleet_peak=$peak
screen 'fleet, 30 d' '--view fleet --since 30d'
screen 'agents' '--view agents'
screen 'models' '--view models'
screen 'tasks of a class, 24 h' '--class class-1'
screen 'tasks of all, 24 h' '--view tasks'
screen 'tasks of a class, 30 d' '--class class-1 --since 30d'
screen 'a task' '--task task-100'
screen 'an attempt' "--task task-100 --attempt $attempt"
screen 'decisions' '--view decisions'
screen 'a decision' "--decision $decision"
screen 'router' '--view router'
screen 'budgets' '--view budgets'
screen 'attention' '--view attention'
screen 'search' '--search task-77'
if command -v pg_activity >/dev/null; then
  paint 'start to first screen: pg_activity' 'Global: ' "pg_activity $super"
  other pg_activity "pg_activity --refresh 1 $super"
fi
logged -1

plain() { # HOURS
  local i all=()
  for i in 1 2 3; do
    seconds sql bench "SELECT class_id, count(*), sum(cost_pusd),
      count(*) FILTER (WHERE failed), count(*) FILTER (WHERE escalated)
      FROM calls WHERE started_at >= timestamptz '2026-11-24 12:00Z' - interval '$1 hours'
      GROUP BY class_id"
    all+=("$(awk -v s="$took" 'BEGIN { printf "%.1f", s * 1000 }')")
  done
  say "plain GROUP BY of the calls, $1 h" "${all[@]}"
}
plain 24
plain 720
[ "$bench_json" = yes ] || printf 'top: memory at its peak: %s MiB\n' "$fleet_peak"
