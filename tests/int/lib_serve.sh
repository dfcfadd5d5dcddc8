# shellcheck shell=bash disable=SC2034,SC2154
# Sourced after lib_up.sh by tests that want a daemon.
#   serve_start [OPTION...]   on a free port; sets $url and $daemon
#   serve_stop                SIGTERM; its exit code must be 0
#   eventually NAME WANT COMMAND...   what it prints, within 20 s
daemon='' url=''

serve_start() {
  local k
  rm -f "$ACO_HOME/serve.state"
  ACO_LISTEN=${ACO_LISTEN-127.0.0.1:0} "$aco" serve "$@" \
    >>"$work/serve.log" 2>&1 &
  daemon=$!
  for ((k = 0; k < 400; k++)); do
    if [ -s "$ACO_HOME/serve.state" ]; then
      url=http://$(sed -n 's/.*"addresses":\["\([^"]*\)".*/\1/p' \
        "$ACO_HOME/serve.state")
      return
    fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.05
  done
  bail "aco serve: $(tail -n 20 "$work/serve.log")"
}

serve_stop() {
  [ -n "$daemon" ] || return 0
  kill -TERM "$daemon"
  wait "$daemon" || fail 'the daemon ends well' "$(tail "$work/serve.log")"
  daemon=
}

eventually() {
  local name=$1 want=$2 got k
  shift 2
  for ((k = 0; k < 200; k++)); do
    got=$("$@")
    [ "$got" = "$want" ] && break
    sleep 0.1
  done
  is "$name" "$got" "$want"
}
