#!/bin/bash
# Model calls over HTTP to `aco serve`, 16 connections with requests of 100
# spans, acknowledged after commit, fsync on; beside COPY of the rows that come
# of them into the same partitioned tables with the same indexes, and INSERT of
# the attempts from arrays. Load, daemon and database share the machine. Then
# a fixed rate: how late acknowledgements are, and what the workers' memory
# does. ACO_BENCH_ROWS spans a run (200,000), ACO_BENCH_RUNS (5), ACO_BENCH_RATE
# spans a second (20,000) for ACO_BENCH_SECONDS (20).
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start otlp_http spans/s "$@"
[ -n "$("$aco" help serve 2>/dev/null)" ] || bench_skip 'no aco serve'
bench_cluster

rows=${ACO_BENCH_ROWS:-200000}
speed=${ACO_BENCH_RATE:-20000}
duration=${ACO_BENCH_SECONDS:-20}
tools=$(dirname "$gen")
export ACO_LISTEN=127.0.0.1:${ACO_BENCH_PORT:-14318}
port=${ACO_LISTEN##*:}

# An empty ledger whose partitions are there.
empty() {
  fresh
  sql bench "SELECT aco_make_day((now() AT TIME ZONE 'UTC')::date)" >/dev/null
}

daemon=
daemon_stop() {
  [ -z "$daemon" ] && return
  kill -TERM "$daemon" 2>/dev/null
  wait "$daemon" || bench_die "aco serve: $(tail -n 5 "$bench_work/serve.log")"
  daemon=
}
trap '[ -z "$daemon" ] || kill -TERM "$daemon"; bench_stop' EXIT

daemon_start() {
  "$aco" serve >"$bench_work/serve.log" 2>&1 &
  daemon=$!
  for ((k = 0; k < 100; k++)); do
    curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && return
    sleep 0.1
  done
  bench_die "not ready: $(tail -n 5 "$bench_work/serve.log")"
}

# load OPTION...: runs it, leaves its line in $line; its last line is how
# long it took.
load() {
  line=$("$tools/otlp_load" --port "$port" "$@") ||
    bench_die "not all acknowledged: $line"
  echo "$line" >"$bench_work/line"
  value seconds
}

# value NAME: from the line of the last load.
value() { tr ' ' '\n' <"$bench_work/line" | sed -n "s/^$1=//p"; }

# Connections to the database, names and plans are warm in a daemon.
warm=3200
warm_up() { load --spans "$warm" >/dev/null; }

# What was acknowledged is there, once.
counted() {
  [ "$(sql bench 'SELECT count(*) FROM attempt')" -eq \
    "$(($(value acknowledged) + warm))" ] ||
    bench_die 'acknowledged calls and rows differ'
}

# closed LABEL OPTION...
closed() {
  local label=$1
  shift
  empty
  daemon_start
  warm_up
  sample "$label" "$rows" load --spans "$rows" --seconds 120 "$@"
  daemon_stop
  counted
}

rss() { # of each worker in MiB
  local p
  for p in $(pgrep -P "$daemon"); do
    awk '/^VmRSS/ { printf "%s%.1f", "'"${1-}"'", $2 / 1024 }' "/proc/$p/status"
    set -- +
  done
}

rate_run() {
  empty
  daemon_start
  warm_up
  local before between after
  before=$(rss)
  load --rate "$speed" --seconds "$duration" >"$bench_work/open.log" 2>&1 &
  local job=$!
  sleep "$((duration / 2))"
  between=$(rss)
  wait "$job" || bench_die "$(cat "$bench_work/open.log")"
  after=$(rss)
  counted
  daemon_stop
  if [ "$bench_json" = yes ]; then
    jq -cn --arg name "$bench_name" --argjson rate "$speed" \
      --argjson rows "$(value acknowledged)" --argjson p50 "$(value p50_ms)" \
      --argjson p99 "$(value p99_ms)" --argjson max "$(value max_ms)" \
      --arg before "$before" --arg between "$between" --arg after "$after" \
      '{name: $name, way: "open loop", rate: $rate, rows: $rows, p50_ms: $p50,
        p99_ms: $p99, max_ms: $max, rss_mib: [$before, $between, $after]}'
    return
  fi
  printf '%s: at %d spans/s: acknowledged in p50 %s ms, p99 %s ms, max %s ms\n' \
    "$bench_name" "$speed" "$(value p50_ms)" "$(value p99_ms)" "$(value max_ms)"
  printf '%s: %s calls acknowledged, as many rows; workers MiB %s, %s, %s\n' \
    "$bench_name" "$(value acknowledged)" "$before" "$between" "$after"
}

for ((i = 0; i < bench_runs; i++)); do
  closed 'OTLP protobuf'
  if [ "$i" = 0 ]; then
    for t in attempt attempt_key step; do
      sql bench "\\copy (SELECT * FROM $t) TO '$bench_work/$t' (FORMAT binary)"
    done
  fi
  closed 'OTLP JSON' --json
  for way in copy unnest; do
    label='COPY attempt, attempt_key, step'
    [ "$way" = copy ] || label='INSERT attempt FROM unnest'
    empty
    sample "$label" "$((rows + warm))" \
      "$tools/append_load" "$way" "$((rows + warm))" 1 5000 "$bench_work"
  done
done
bench_table 'COPY attempt, attempt_key, step'
rate_run
