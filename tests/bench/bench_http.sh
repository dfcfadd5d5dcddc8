#!/bin/bash
# The HTTP server alone: processor time per request of ours beside nginx that
# answers from its configuration, one process each, in turn within the same
# minute; small GETs and posts of 1 KB, 64 connections. A ratio below 1 means
# that ours takes less. ACO_BENCH_SECONDS a run (2), ACO_BENCH_RUNS (5).
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start http 'ns/request' "$@"
for tool in wrk nginx; do
  PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || bench_skip "no $tool"
done
PATH=$PATH:/usr/sbin

bench_work=$(mktemp -d "${TMPDIR:-/tmp}/aco-bench-XXXXXX") || exit 1
chmod 755 "$bench_work"
seconds=${ACO_BENCH_SECONDS:-2}
pids=()
finish() {
  [ ${#pids[@]} -eq 0 ] || kill -TERM "${pids[@]}" 2>/dev/null
  wait
  rm -rf "$bench_work"
}
trap finish EXIT
trap 'exit 130' INT TERM

serve() {
  "$(dirname "$gen")/http_serve" >"$bench_work/port" &
  pids+=($!)
  ours_pid=$!
  for ((k = 0; k < 100; k++)); do
    [ -s "$bench_work/port" ] && break
    sleep 0.05
  done
  ours_url=http://127.0.0.1:$(cat "$bench_work/port")
}

serve_nginx() {
  local socket=$bench_work/nginx.sock
  cat >"$bench_work/nginx.conf" <<EOF
daemon off; master_process off; worker_processes 1;
pid $bench_work/nginx.pid; error_log $bench_work/nginx.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000;
  client_body_temp_path $bench_work/body; proxy_temp_path $bench_work/p;
  fastcgi_temp_path $bench_work/f; uwsgi_temp_path $bench_work/u;
  scgi_temp_path $bench_work/s;
  server { listen 127.0.0.1:$1; listen unix:$socket;
    location / { return 200 "ok"; }
    location /echo { return 200 "$(printf '%01024d' 0)"; } } }
EOF
  nginx -e "$bench_work/nginx.log" -c "$bench_work/nginx.conf" &
  pids+=($!)
  nginx_pid=$!
  for ((k = 0; k < 100; k++)); do
    curl -sf "http://127.0.0.1:$1/" >/dev/null && break
    sleep 0.05
  done
  kill -0 "$nginx_pid" 2>/dev/null ||
    bench_skip "nginx does not start: $(tail -n 1 "$bench_work/nginx.log")"
  nginx_url=http://127.0.0.1:$1
}

cat >"$bench_work/post.lua" <<EOF
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.rep("x", 1024)
EOF

# ticks PID: processor time so far, in hundredths of a second.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# measure LABEL PID URL WRK-OPTION...
measure() {
  local label=$1 pid=$2 url=$3 before n
  shift 3
  before=$(ticks "$pid")
  wrk -t1 -c64 -d"${seconds}s" "$@" "$url" >"$bench_work/wrk"
  n=$(awk '/requests in/ { print $1 }' "$bench_work/wrk")
  [ "${n:-0}" -gt 0 ] || bench_die "$label: no answers"
  grep -q 'Non-2xx\|Socket errors' "$bench_work/wrk" &&
    bench_die "$label: $(grep 'Non-2xx\|Socket' "$bench_work/wrk")"
  took=$(awk -v a="$before" -v b="$(ticks "$pid")" -v n="$n" \
    'BEGIN { print (b - a) * 1e7 / n }')
  [ -n "${samples[$label]-}" ] || labels+=("$label")
  samples[$label]+="$took "
}

serve
serve_nginx "${ACO_BENCH_PORT:-14320}"
for ((run = 0; run < bench_runs; run++)); do
  measure 'GET, nginx' "$nginx_pid" "$nginx_url/"
  measure 'GET, ours' "$ours_pid" "$ours_url/"
  measure 'GET answered later, ours' "$ours_pid" "$ours_url/later"
  measure 'POST 1 KB, nginx' "$nginx_pid" "$nginx_url/echo" \
    -s "$bench_work/post.lua"
  measure 'POST 1 KB echoed, ours' "$ours_pid" "$ours_url/echo" \
    -s "$bench_work/post.lua"
done
bench_table 'GET, nginx'
