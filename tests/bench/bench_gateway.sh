#!/bin/bash
# Model calls through the gateway with ledger, keys, budgets and router on,
# beside the same calls made directly, through nginx proxy_pass and through
# @portkey-ai/gateway (which reads and writes bodies anew, and so does more than
# pass bytes; skipped without npm), in turn within the same minutes. Load,
# provider, database and gateways share the machine; one worker each. Whole
# answers come from nginx, streams from aco mock. ACO_BENCH_RUNS (5) of
# ACO_BENCH_SECONDS (2).
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start gateway 'requests/s' "$@"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || bench_skip 'no nginx'
[ -n "$("$aco" help mock 2>/dev/null)" ] || bench_skip 'no aco mock'
bench_cluster

seconds=${ACO_BENCH_SECONDS:-2}
tools=$(dirname "$gen")
base=${ACO_BENCH_PORT:-18800}
provider=$((base + 1)) proxy=$((base + 2)) gateway=$((base + 3))
mock=$((base + 4)) portkey=$((base + 5)) streams=$((base + 6))
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

start_gateway() {
  fresh
  sql bench "SELECT aco_make_day((now() AT TIME ZONE 'UTC')::date)" >/dev/null
  "$aco" model set gpt-5-mini --tier 2 --enable >/dev/null
  "$aco" model set gpt-5 --tier 4 --enable >/dev/null
  "$aco" budget set team bench 100000 --period day >/dev/null
  GW_KEY=$("$aco" key add bench --role gateway --team bench | head -n 1)
  export GW_KEY
  ACO_LISTEN=127.0.0.1:$gateway ACO_WORKERS=1 ACO_KEYS=required \
    ACO_ROUTE_MODE=live OPENAI_API_KEY=x \
    ACO_OPENAI_BASE_URL=http://127.0.0.1:$1/v1 \
    "$aco" serve >"$bench_work/serve.log" 2>&1 &
  daemon=$!
  pids+=("$daemon")
  answers "http://127.0.0.1:$gateway/readyz"
}

stop_gateway() {
  kill -TERM "$daemon"
  wait "$daemon" || bench_die "aco serve: $(tail -n 5 "$bench_work/serve.log")"
  unset 'pids[-1]'
}

body() { # MODEL [MORE]
  printf '{"model":"%s"%s,"messages":[{"role":"system","content":"' "$1" "${2-}"
  printf 'be helpful %.0s' {1..40}
  printf '"},{"role":"user","content":"'
  printf 'sort these words %.0s' {1..25}
  printf '"}]}'
}

# ticks PID: processor time that it has used, in 1/100 s; 0 without a process.
ticks() {
  awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/${1:-0}/stat" \
    2>/dev/null || echo 0
}
# The process that serves a port.
server() {
  case $1 in
  "$proxy" | "$streams") pgrep -P "$(cat "$bench_work/nginx.pid")" ;;
  "$gateway") pgrep -P "$daemon" | head -n 1 ;;
  "$portkey") echo "$portkey_pid" ;;
  esac
}

# load WAY PORT BODY OPTION...: its line, kept by way, with the processor time
# that a request took of the process in between (all of its threads).
declare -A lines=()
ways=()
load() {
  local way=$1 port=$2 file=$3 line pid before
  shift 3
  pid=$(server "$port")
  before=$(ticks "$pid")
  line=$("$tools/gw_load" --port "$port" --body "$bench_work/$file" \
    --seconds "$seconds" "$@") || bench_die "$way: $line"
  [ "$(value errors "$line")" = 0 ] || bench_die "$way: $line"
  line+=" cpu_us=$(awk -v a="$before" -v b="$(ticks "$pid")" \
    -v n="$(value requests "$line")" 'BEGIN { print (b - a) * 10000 / n }')"
  [ -n "${lines[$way]-}" ] || ways+=("$way")
  lines[$way]+="$line"$'\n'
}
value() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }
mid() { # NAME WAY
  # shellcheck disable=SC2046 # numbers
  median $(value "$1" "${lines[$2]}")
}

row() { # WAY NAME UNIT: a figure of it
  if [ "$bench_json" = yes ]; then
    jq -cn --arg name "$bench_name" --arg way "$1" --arg what "$2" \
      --argjson v "$(mid "$2" "$1")" '{name: $name, way: $way, ($what): $v}'
  else
    printf '%s: %-34s %-10s %10.0f %s\n' "$bench_name" "$1" "$2" \
      "$(mid "$2" "$1")" "$3"
  fi
}

# ratio NAME WAY REFERENCE
ratio() {
  [ "$bench_json" = yes ] || awk -v n="$bench_name" -v w="$2" -v r="$3" \
    -v a="$(mid "$1" "$2")" -v b="$(mid "$1" "$3")" \
    'BEGIN { printf "%s: %s / %s = %.3f\n", n, w, r, a / b }'
}

body gpt-5-mini >"$bench_work/named"
body auto >"$bench_work/auto"
body gpt-5-mini ',"stream":true' >"$bench_work/stream"
start_nginx
with_portkey=no
start_portkey && with_portkey=yes
start_gateway "$provider"

for ((i = 0; i < bench_runs; i++)); do
  load '1: direct' "$provider" named
  load '1: nginx' "$proxy" named
  load '1: aco' "$gateway" named
  load '1: aco, auto' "$gateway" auto
  load '64: direct' "$provider" named --conns 64
  load '64: nginx' "$proxy" named --conns 64
  load '64: aco' "$gateway" named --conns 64
  load '64: aco, auto' "$gateway" auto --conns 64
  load '1000/s: direct' "$provider" named --conns 64 --rate 1000
  load '1000/s: nginx' "$proxy" named --conns 64 --rate 1000
  load '1000/s: aco' "$gateway" named --conns 64 --rate 1000
  load '1000/s: aco, auto' "$gateway" auto --conns 64 --rate 1000
done
if [ "$with_portkey" = yes ]; then
  export GW_HEADERS="x-portkey-provider: openai|x-portkey-custom-host: http://127.0.0.1:$provider/v1"
  load '1: portkey' "$portkey" named
  load '64: portkey' "$portkey" named --conns 64
  unset GW_HEADERS
fi
for way in "${ways[@]}"; do
  case $way in
  64:*) row "$way" rps 'requests/s' && row "$way" cpu_us us ;;
  *) row "$way" p50 us && row "$way" p99 us ;;
  esac
done
ratio rps '64: aco' '64: nginx'
ratio rps '64: aco, auto' '64: nginx'
ratio cpu_us '64: nginx' '64: aco'
ratio cpu_us '64: nginx' '64: aco, auto'
[ "$with_portkey" = yes ] && ratio rps '64: aco' '64: portkey'
stop_gateway

# ---- streams ----
"$aco" mock --listen "127.0.0.1:$mock" --ttft 20 --gap 40 --fixed 200 \
  >"$bench_work/mock.log" 2>&1 &
pids+=($!)
answers "http://127.0.0.1:$mock/mock/stats"
start_gateway "$mock"
ways=()
for ((i = 0; i < bench_runs; i++)); do
  for n in 16 512; do
    load "$n streams: direct" "$mock" stream --conns "$n" --stream
    load "$n streams: nginx" "$streams" stream --conns "$n" --stream
    load "$n streams: aco" "$gateway" stream --conns "$n" --stream
  done
done
rss=$(awk '/^VmRSS/ { print int($2 / 1024) }' \
  "/proc/$(pgrep -P "$daemon" | head -n 1)/status")
for way in "${ways[@]}"; do
  row "$way" first_p50 us
  row "$way" first_p99 us
done
[ "$bench_json" = yes ] || echo "$bench_name: a worker after that: $rss MiB"
stop_gateway
