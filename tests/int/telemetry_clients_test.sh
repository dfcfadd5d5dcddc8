#!/bin/bash
# Real clients from npm, against a daemon that runs: each ends in the rows that
# one expects, and in no others. Skipped where npm is not there.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh
# shellcheck source=tests/int/lib_npm.sh
. tests/int/lib_npm.sh
# shellcheck source=tests/int/lib_serve.sh
. tests/int/lib_serve.sh

npm_use 'telemetry of real clients'
here=$PWD/tests/int
up

rows() {
  sql aco "SELECT count(*), coalesce(sum(a.uncached_in), 0),
    coalesce(sum(a.cache_read), 0), coalesce(sum(a.output), 0),
    coalesce(sum(a.reasoning), 0), sum(a.cost_pusd),
    string_agg(DISTINCT m.name, ',')
    FROM attempt a JOIN model m ON m.id = a.model_id"
}

# client NAME ROWS: it runs, and the ledger then has exactly these.
client() {
  sql aco 'TRUNCATE attempt, attempt_key, step, task, task_cost, task_open, claim, outcome,
    attempt_rollup, task_rollup' >/dev/null
  serve_start --workers 1
  if (cd "$modules" && timeout 90 node "$here/telemetry_clients.mjs" \
    "$1" "$url") >"$work/client.log" 2>&1; then
    pass "$1 runs"
  else
    fail "$1 runs" "$(tail -n 20 "$work/client.log")"
  fi
  eventually "$1: the rows" "$2" rows
  serve_stop
  is "$1: nothing refused" "$(sql aco 'SELECT count(*) FROM dead_letter')" 0
}

two='2|400|2000|60|0|4100000000|gpt-4o-2024-11-20'
one='1|200|1000|30|0|2050000000|gpt-4o-2024-11-20'
gpt5='1|200|1000|30|10|675000000|gpt-5-2025-08-07'
client otel-json "$two"
client otel-json-gzip "$two"
client otel-protobuf "$two"
client otel-protobuf-gzip "$two"
# Its instrumentation does not tell what a cache served.
client traceloop '1|1200|0|30|0|3300000000|gpt-4o-2024-11-20'
client langfuse "$one"
client aisdk "$gpt5"
client codex "$gpt5"
check 'the ledger is well' "$aco" doctor --all
finish
