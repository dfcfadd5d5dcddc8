#!/bin/bash
# The dashboard on a ledger of many attempts: what the database does for one
# refresh of the fleet, how long until a screen is printed, going in to a class,
# a task and an attempt, and the memory it takes; beside the plain GROUP BY of
# the same figures over the attempts, and pg_activity where it is installed.
#
# The ledger has the rollups of ACO_BENCH_CALLS attempts (10,000,000) over 30
# days, some 2.4 million minute rows; a tenth as many tasks; the attempts of the
# last hours as rows of their own, to be looked into; and a narrow table of all
# calls for the plain query.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start top ms "$@"
calls=${ACO_BENCH_CALLS:-10000000}
refreshes=${ACO_BENCH_REFRESHES:-40}
command -v tmux >/dev/null || bench_skip 'tmux is not installed'
bench_cluster
fresh
url="postgresql://postgres@/bench?host=$ACO_HOME/pg/run"
export ACO_NOW=2026-11-24T12:00:00Z LC_ALL=C.UTF-8
export XDG_STATE_HOME=$bench_work/state

psql -X -q -v ON_ERROR_STOP=1 -v calls="$calls" -d "$url" \
  >"$bench_work/gen.log" 2>&1 <<'END' || bench_die "$(tail -n 3 "$bench_work/gen.log")"
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
-- All calls, for the plain query: what it needs of a row, and no more.
CREATE UNLOGGED TABLE calls AS
SELECT at AS started_at, class_id, tier, k % 40 = 0 AS failed, k % 20 = 0 AS escalated,
  21000000000 + k % 1000 AS cost_pusd
FROM generate_series(0, :calls - 1) k JOIN combo ON i = k % 60,
LATERAL (SELECT timestamptz '2026-10-25 12:00Z' + k * (interval '30 days' / :calls) AS at) x;
CREATE INDEX ON calls (started_at);
VACUUM ANALYZE;
CHECKPOINT;
END
chmod 755 "$bench_work"

# ---- ways to measure ----

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

# The server writes how long each statement took; a refresh begins with the
# header's. watch LABEL PATTERN COMMAND: COMMAND runs in a terminal meanwhile;
# PATTERN begins a refresh.
server_log=$(find "$ACO_HOME" -name 'postgresql-*.log' | head -n 1)
tm() { tmux -S "$bench_work/tmux" -f /dev/null "$@"; }
#
# Wall times mean little on a machine that is busy with others: cpu_of says what
# the server process of the dashboard worked, in nanoseconds.
cpu_of() {
  local pid
  pid=$(sql postgres "SELECT pid FROM pg_stat_activity WHERE datname = 'bench'
    AND application_name IN ('aco top', 'pg_activity') LIMIT 1")
  cut -d' ' -f1 "/proc/$pid/schedstat" 2>/dev/null || echo 0
}
begun() { tail -c +"$((from + 1))" "$server_log" | grep -c "bind $1\|statement: .*$1"; }
watch() {
  local label=$1 pattern=$2 from all cpu n
  from=$(stat -c %s "$server_log")
  tm new-session -d -x 160 -y 48 "$3"
  for _ in $(seq 300); do
    [ "$(begun "$pattern")" -gt 8 ] && break
    sleep 0.1
  done
  cpu=$(cpu_of) n=$(begun "$pattern")
  for _ in $(seq 600); do
    [ "$(begun "$pattern")" -gt "$refreshes" ] && break
    sleep 0.1
  done
  cpu=$(awk -v a="$cpu" -v b="$(cpu_of)" -v n="$n" -v m="$(begun "$pattern")" \
    'BEGIN { printf "%.1f", (m > n) ? (b - a) / (m - n) / 1e6 : 0 }')
  peak=$(awk '/VmHWM/ { print $2 / 1024 }' "/proc/$(tm display -p '#{pane_pid}')/status" 2>/dev/null)
  tm kill-server 2>/dev/null
  # Of each refresh the sum; the first ones, which plan, are left out.
  mapfile -t all < <(tail -c +"$((from + 1))" "$server_log" |
    awk -v p="$pattern" '/duration: / {
        if ($0 ~ p && $0 ~ /(bind|statement)/) { if (n++ > 8) print sum; sum = 0 }
        for (i = 1; i < NF; i++) if ($i == "duration:") sum += $(i + 1)
      }')
  [ "${#all[@]}" -gt 0 ] && say "$label" "${all[@]}"
  say "${label/database time/processor time}" "$cpu"
}

logged() { sql postgres "ALTER DATABASE bench SET log_min_duration_statement = $1"; }

# ---- the figures ----

once 'start to printed: fleet, 24 h'
once 'start to printed: fleet, 30 d' --since 30d
once 'start to printed: a class, 24 h' --class class-1
once 'start to printed: a task' --task task-100
attempt=$(sql bench "SELECT id FROM attempt WHERE task_id = md5('t100')::uuid LIMIT 1")
once 'start to printed: an attempt' --task task-100 --attempt "$attempt"
once 'start to printed: search' --search task-77
logged 0
watch 'database time of a refresh: fleet, 24 h' query_header \
  "$aco top --interval 0.1 --view fleet"
fleet_peak=$peak
watch 'database time of a refresh: fleet, 30 d' query_header \
  "$aco top --interval 0.1 --view fleet --since 30d"
watch 'database time of a refresh: tasks of a class' query_header \
  "$aco top --interval 0.1 --class class-1"
if command -v pg_activity >/dev/null; then
  watch 'database time of a refresh: pg_activity' pg_stat_activity \
    "pg_activity --refresh 0.5 $url"
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
