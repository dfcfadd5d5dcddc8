#!/bin/bash
# Model calls through the gateway, beside the same calls made directly, through
# nginx proxy_pass and through @portkey-ai/gateway (which reads and writes bodies
# anew, and so does more than pass bytes; skipped without npm), in turn within
# the same minutes. Load, provider, database and gateways share the machine; one
# worker each. Whole answers come from nginx, streams from aco mock.
#
# Three ways through aco: with the ledger alone; with keys and budgets, too; and
# with a decision of the router for each request. After each round of a way its
# ledger catches up before the next one begins (every call must be in it, once),
# so that what was put off is paid for by nobody else; how much that was is
# printed. Ratios and differences are of runs of the same round: the median, and
# from the least to the greatest.
#
# ACO_BENCH_RUNS (5) of ACO_BENCH_SECONDS (2): about four minutes.
# ACO_BENCH_PARTS=streams (or whole): only that half.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start gateway 'requests/s' "$@"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || bench_skip 'no nginx'
[ -n "$("$aco" help mock 2>/dev/null)" ] || bench_skip 'no aco mock'
bench_cluster

seconds=${ACO_BENCH_SECONDS:-2} parts=${ACO_BENCH_PARTS:-whole streams}
tools=$(dirname "$gen")
base=${ACO_BENCH_PORT:-18800}
provider=$((base + 1)) proxy=$((base + 2)) gateway=$((base + 3))
mock=$((base + 4)) portkey=$((base + 5)) streams=$((base + 6))
plain=$((base + 7))
pids=() portkey_pid=0
finish() {
  [ ${#pids[@]} -eq 0 ] || kill -TERM "${pids[@]}" 2>/dev/null
  wait
  bench_stop
}
trap finish EXIT

answers() { # URL
  for ((k = 0; k < 150; k++)); do
    curl -s -o /dev/null "$1" && return
    sleep 0.1
  done
  bench_die "$1 does not answer"
}

# shellcheck disable=SC2016 # nginx expands it
reply() {
  printf '{"id":"chatcmpl-$request_id","object":"chat.completion",'
  printf '"created":1,"model":"gpt-5-mini","choices":[{"index":0,"message":'
  printf '{"role":"assistant","content":"%01500d"},' 0
  printf '"finish_reason":"stop"}],"usage":{"prompt_tokens":250,'
  printf '"completion_tokens":380,"total_tokens":630}}'
}

start_nginx() {
  local t=$bench_work
  mkdir -p "$t/n"
  cat >"$t/nginx.conf" <<EOF
daemon off; worker_processes 1; pid $t/nginx.pid; error_log $t/nginx.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000;
  client_body_buffer_size 1m; client_body_temp_path $t/n/b;
  proxy_temp_path $t/n/p; fastcgi_temp_path $t/n/f; uwsgi_temp_path $t/n/u;
  scgi_temp_path $t/n/s;
  upstream provider { server 127.0.0.1:$provider; keepalive 256; }
  upstream streams { server 127.0.0.1:$mock; keepalive 1024; }
  server { listen 127.0.0.1:$provider;
    location / { default_type application/json; return 200 '$(reply)'; } }
  server { listen 127.0.0.1:$proxy;
    location / { proxy_pass http://provider; proxy_http_version 1.1;
      proxy_set_header Connection ""; } }
  server { listen 127.0.0.1:$streams;
    location / { proxy_pass http://streams; proxy_http_version 1.1;
      proxy_buffering off; proxy_set_header Connection ""; } } }
EOF
  nginx -e "$t/nginx.log" -c "$t/nginx.conf" &
  pids+=($!)
  answers "http://127.0.0.1:$proxy/"
}

start_portkey() {
  local modules=$tools/../../npm-portkey
  command -v npm >/dev/null || return 1
  mkdir -p "$modules"
  [ -d "$modules/node_modules/@portkey-ai" ] ||
    npm install --prefix "$modules" --prefer-offline --no-audit --no-fund \
      --ignore-scripts --fetch-retries 0 @portkey-ai/gateway@1.15.2 \
      >"$bench_work/npm.log" 2>&1 || return 1
  NODE_ENV=production node \
    "$modules/node_modules/@portkey-ai/gateway/build/start-server.js" \
    "--port=$portkey" --headless >"$bench_work/portkey.log" 2>&1 &
  portkey_pid=$!
  pids+=("$portkey_pid")
  answers "http://127.0.0.1:$portkey/"
}

# A daemon on a port with a database and a folder of its own. KEYS: off, or
# required, and then with a budget.
declare -A daemon=() key=()
start_gateway() { # NAME PORT PROVIDER KEYS
  local name=$1 port=$2
  sql postgres "DROP DATABASE IF EXISTS $name" 2>/dev/null
  sql postgres "CREATE DATABASE $name TEMPLATE aco OWNER aco" ||
    bench_die "no database $name"
  export ACO_DATABASE_URL="postgresql://aco@/$name?host=$ACO_HOME/pg/run"
  sql "$name" "SELECT aco_make_day((now() AT TIME ZONE 'UTC')::date)" >/dev/null
  "$aco" model set gpt-5-mini --tier 2 --enable >/dev/null
  "$aco" model set gpt-5 --tier 4 --enable >/dev/null
  key[$name]=none
  if [ "$4" = required ]; then
    "$aco" budget set team bench 100000 --period day >/dev/null
    key[$name]=$("$aco" key add bench --role gateway --team bench 2>/dev/null |
      head -n 1)
  fi
  ACO_HOME=$bench_work/$name ACO_LISTEN=127.0.0.1:$port ACO_WORKERS=1 \
    ACO_KEYS=$4 ACO_UPSTREAM_CONNECTIONS=2048 \
    ACO_ROUTE_MODE=live OPENAI_API_KEY=x \
    ACO_OPENAI_BASE_URL=http://127.0.0.1:$3/v1 \
    "$aco" serve >"$bench_work/$name.log" 2>&1 &
  daemon[$name]=$!
  pids+=("${daemon[$name]}")
  answers "http://127.0.0.1:$port/readyz"
}

stop_gateway() { # NAME
  kill -TERM "${daemon[$1]}"
  wait "${daemon[$1]}" ||
    bench_die "aco serve: $(tail -n 5 "$bench_work/$1.log")"
}

body() { # MODEL [MORE]
  printf '{"model":"%s"%s,"messages":[{"role":"system","content":"' "$1" "${2-}"
  printf 'be helpful %.0s' {1..40}
  printf '"},{"role":"user","content":"'
  printf 'sort these words %.0s' {1..25}
  printf '"}]}'
}

# ticks PID...: processor time that they have used, in 1/100 s.
ticks() {
  local files=("${@/#//proc/}")
  cat "${files[@]/%//stat}" 2>/dev/null |
    awk '{ sub(/^.*\) /, ""); n += $12 + $13 } END { print n + 0 }'
}
# The process that serves a port; one of ours: the worker.
server() {
  case $1 in
  "$proxy" | "$streams") pgrep -P "$(cat "$bench_work/nginx.pid")" ;;
  "$gateway") pgrep -P "${daemon[whole]}" '^worker' ;;
  "$plain") pgrep -P "${daemon[bare]}" '^worker' ;;
  "$portkey") echo "$portkey_pid" ;;
  esac
}
postgres() { pgrep -P "$(head -n 1 "$ACO_HOME/pg/data/postmaster.pid")"; }

# Rows that the ledger has, and those that it should have by now.
declare -A due=([bare]=0 [whole]=0)
rows() { # DATABASE
  sql "$1" "SELECT coalesce(sum(attempts), 0) FROM attempt_rollup
            WHERE grain = 'day'"
}

# load WAY PORT BODY OPTION...: its line, kept by way. cpu_us: processor time of
# the process behind the port a request, all its threads; for aco also late: how
# many rows were still to be written, late_s: how long that took, and all_us and
# pg_us: of the worker and of PostgreSQL a request, with what was put off.
declare -A lines=()
ways=()
load() {
  local way=$1 port=$2 file=$3 line pid before pg_before name=
  shift 3
  case $port in
  "$gateway") name=whole ;;
  "$plain") name=bare ;;
  esac
  export GW_KEY=none
  [ -z "$name" ] || GW_KEY=${key[$name]}
  pid=$(server "$port")
  before=$(ticks "$pid")
  [ -z "$name" ] || pg_before=$(postgres_ticks)
  line=$("$tools/gw_load" --port "$port" --body "$bench_work/$file" \
    --seconds "$seconds" "$@") || bench_die "$way: $line"
  [ "$(value errors "$line")" = 0 ] || bench_die "$way: $line"
  line+=" cpu_us=$(per "$before" "$(ticks "$pid")" "$line")"
  [ -z "$name" ] || catch_up "$name"
  [ -n "${lines[$way]-}" ] || ways+=("$way")
  lines[$way]+="$line"$'\n'
}
postgres_ticks() {
  local all
  mapfile -t all < <(postgres)
  ticks "${all[@]}"
}
# Processor time a request of $3, in us.
per() {
  awk -v a="$1" -v b="$2" -v n="$(value requests "$3")" \
    'BEGIN { printf "%.1f", (b - a) * 10000 / n }'
}

# catch_up NAME: adds to $line what the ledger had still to do.
catch_up() {
  local name=$1 have from=$EPOCHREALTIME
  due[$name]=$((due[$name] + $(value requests "$line")))
  have=$(rows "$name") || bench_die "the ledger $name cannot be read"
  line+=" late=$((due[$name] - have))"
  for ((k = 0; have < due[$name]; k++)); do
    [ "$k" -lt 600 ] || bench_die "$way: ${due[$name]} calls, $have rows"
    sleep 0.1
    have=$(rows "$name")
  done
  [ "$have" = "${due[$name]}" ] ||
    bench_die "$way: ${due[$name]} calls, $have rows"
  line+=" late_s=$(awk -v a="$from" -v b="$EPOCHREALTIME" \
    'BEGIN { printf "%.2f", b - a }')"
  line+=" all_us=$(per "$before" "$(ticks "$pid")" "$line")"
  line+=" pg_us=$(per "$pg_before" "$(postgres_ticks)" "$line")"
}
value() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }
mid() { # NAME WAY
  # shellcheck disable=SC2046 # numbers
  median $(value "$1" "${lines[$2]}")
}

row() { # WAY NAME UNIT: a figure of it
  local v
  v=$(mid "$2" "$1")
  [ -n "$v" ] || return 0
  if [ "$bench_json" = yes ]; then
    jq -cn --arg name "$bench_name" --arg way "$1" --arg what "$2" \
      --argjson v "$v" '{name: $name, way: $way, ($what): $v}'
  else
    printf '%s: %-44s %-9s %9.0f %s\n' "$bench_name" "$1" "$2" "$v" "$3"
  fi
}

# compare WHAT OPERATOR NAME WAY REFERENCE: of runs of the same round, "/" or
# "-"; a reference that has a single one stands for all.
compare() {
  local each
  each=$(paste <(value "$3" "${lines[$4]}") <(value "$3" "${lines[$5]}") |
    awk -v op="$2" 'NF == 2 { last = $2 }
      { print op == "/" ? $1 / last : $1 - last }' | sort -g)
  # shellcheck disable=SC2086 # numbers
  set -- "$1" "$(median $each)" "$(head -n 1 <<<"$each")" \
    "$(tail -n 1 <<<"$each")" "$2"
  if [ "$bench_json" = yes ]; then
    jq -cn --arg name "$bench_name" --arg what "$1" --argjson v "$2" \
      --argjson least "$3" --argjson most "$4" \
      '{name: $name, compare: $what, median: $v, least: $least, most: $most}'
  elif [ "$5" = / ]; then
    printf '%s: %s = %.3f (%.3f..%.3f)\n' "$bench_name" "$1" "$2" "$3" "$4"
  else
    printf '%s: %s = %.0f us (%.0f..%.0f)\n' "$bench_name" "$1" "$2" "$3" "$4"
  fi
}

a='aco (ledger)'
b='aco (ledger, keys, budgets)'
c='aco (ledger, keys, budgets, decision)'
body gpt-5-mini >"$bench_work/named"
body auto >"$bench_work/auto"
# So short that what the gateway adds to a request (include_usage) does not
# make another reply of it: all ways carry the same tokens.
body gpt-5-mini ',"stream":true,"max_tokens":50' >"$bench_work/stream"

# ---- whole answers ----
rss() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$(server "$1")/status"; }

all() { # NAME OPTION...
  local name=$1
  shift
  load "$name: direct" "$provider" named "$@"
  load "$name: nginx" "$proxy" named "$@"
  load "$name: $a" "$plain" named "$@"
  load "$name: $b" "$gateway" named "$@"
  load "$name: $c" "$gateway" auto "$@"
}

whole_answers() {
  with_portkey=no
  start_portkey && with_portkey=yes
  start_gateway bare "$plain" "$provider" off
  start_gateway whole "$gateway" "$provider" required
  for port in "$plain" "$gateway"; do # names, partitions, connections
    load "warm $port" "$port" named --conns 64
  done
  rss_begun=$(rss "$gateway")
  ways=()

  for ((i = 0; i < bench_runs; i++)); do
    all 1 --conns 1
    all 64 --conns 64
    all 1000/s --conns 64 --rate 1000
  done
  if [ "$with_portkey" = yes ]; then
    export GW_HEADERS="x-portkey-provider: openai|x-portkey-custom-host: http://127.0.0.1:$provider/v1"
    load '1: portkey' "$portkey" named
    load '64: portkey' "$portkey" named --conns 64
    unset GW_HEADERS
  fi
  for way in "${ways[@]}"; do
    case $way in
    64:*)
      row "$way" rps 'requests/s'
      [ "${way#*: }" = direct ] || row "$way" cpu_us us
      row "$way" all_us 'us with what was put off'
      row "$way" pg_us 'us of PostgreSQL, likewise'
      row "$way" late rows
      row "$way" late_s s
      ;;
    *) row "$way" p50 us && row "$way" p99 us ;;
    esac
  done
  for way in "$a" "$b" "$c"; do
    compare "1 connection, $way, added p50" - p50 "1: $way" '1: direct'
  done
  for way in nginx "$a" "$b" "$c"; do
    compare "1000/s, $way, added p50" - p50 "1000/s: $way" '1000/s: direct'
    compare "1000/s, $way, added p99" - p99 "1000/s: $way" '1000/s: direct'
  done
  for way in "$a" "$b" "$c"; do
    compare "64 connections, $way / nginx, requests a second" / rps \
      "64: $way" '64: nginx'
    compare "64 connections, nginx / $way, processor time a request" / cpu_us \
      '64: nginx' "64: $way"
  done
  [ "$with_portkey" = yes ] &&
    compare "64 connections, $b / portkey, requests a second" / rps \
      "64: $b" '64: portkey'
  [ "$bench_json" = yes ] ||
    echo "$bench_name: memory of a worker: $rss_begun MiB, later $(rss "$gateway")"
  stop_gateway bare
  stop_gateway whole
}

# ---- streams ----
# Tokens come one by one, as from a model: the first after 50 ms, then one each
# 20 ms, 50 of them. Calls begin evenly, so that as many are under way as
# are named.
streams() {
  "$aco" mock --listen "127.0.0.1:$mock" --ttft 50 --gap 20 --tokens 100 \
    >"$bench_work/mock.log" 2>&1 &
  pids+=($!)
  answers "http://127.0.0.1:$mock/mock/stats"
  due[whole]=0
  start_gateway whole "$gateway" "$mock" required
  load "warm $gateway" "$gateway" stream --conns 64 --stream
  ways=() seconds=3
  for ((i = 0; i < bench_runs && i < 3; i++)); do
    for n in 100 512; do
      paced=(--conns $((n * 3 / 2)) --rate $((n * 19 / 20)) --stream)
      load "$n streams: direct" "$mock" stream "${paced[@]}"
      load "$n streams: nginx" "$streams" stream "${paced[@]}"
      load "$n streams: $b" "$gateway" stream "${paced[@]}"
    done
  done
  for way in "${ways[@]}"; do
    row "$way" first_p50 us
    row "$way" first_p99 us
    [ "${way#*: }" = direct ] || row "$way" cpu_us 'us a stream'
  done
  for n in 100 512; do
    for way in nginx "$b"; do
      compare "$n streams, $way, added to first token p50" - first_p50 \
        "$n streams: $way" "$n streams: direct"
      compare "$n streams, $way, added to first token p99" - first_p99 \
        "$n streams: $way" "$n streams: direct"
    done
    compare "$n streams, $b / nginx, processor time a stream" / cpu_us \
      "$n streams: $b" "$n streams: nginx"
  done
  [ "$bench_json" = yes ] ||
    echo "$bench_name: a worker after 512 streams: $(rss "$gateway") MiB"
  stop_gateway whole
}

start_nginx
[[ $parts != *whole* ]] || whole_answers
[[ $parts != *streams* ]] || streams
