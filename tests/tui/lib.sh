# Sourced by the tests of the dashboard: a seeded ledger, the dashboard in a
# terminal of fixed size, keys, and screens compared with tests/tui/*.screen.
#
#   tui_seed                     # private PostgreSQL with tests/data/tui_seed.sql
#   tui_open 80x24 [ARG...]      # aco top ARG... in a terminal; env in tui_env
#   tui_keys Enter / o p u s     # as tmux send-keys has them
#   tui_screen NAME              # one case: the screen is NAME.screen
#   tui_wait PATTERN             # until the screen matches (ERE)
#   tui_close
#
# Nothing sleeps for a fixed time: the screen is looked at until it is as it
# should be, or until TUI_SECONDS have passed. UPDATE_SCREENS=1 writes the
# .screen files instead of comparing.
# shellcheck shell=bash

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

tui_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tui_seconds=${TUI_SECONDS:-20}
tui_env=()
# What one run remembers is not for the next, unless a test says so.
tui_forget=yes
export XDG_STATE_HOME=$tmp/state
export ACO_NOW=2026-11-24T12:00:00Z
unset TMUX COLUMNS LINES COLORFGBG NO_COLOR

if ! command -v tmux >/dev/null; then
  echo '1..0 # SKIP tmux is not installed'
  exit 0
fi

# Each terminal has a server of its own: one that was told to end may take a
# while to let go of its socket.
tui_server=0
printf '%s\n' 'set -g status off' \
  'set -g remain-on-exit on' 'set -g default-terminal tmux-256color' \
  'set -s escape-time 0' >"$tmp/tmux.conf"
tui_tmux() {
  tmux -S "$tmp/tmux$tui_server" -f "$tmp/tmux.conf" -u "$@" 2>>"$tmp/tmux.log"
}

tui_cleanup() {
  tui_tmux kill-server
  lib_cleanup
}
trap tui_cleanup EXIT

tui_seed() {
  lib_start
  "$ACO_BIN" up --no-serve >"$tmp/up.log" 2>&1 || {
    cat "$tmp/up.log"
    exit 1
  }
  "$(lib_bin)/psql" -XAtq -v ON_ERROR_STOP=1 -h "$tmp/pg" -U postgres -d aco \
    -f "$tui_dir/../data/tui_seed.sql" >"$tmp/seed.log" 2>&1 || {
    cat "$tmp/seed.log"
    exit 1
  }
}

# tui_shell SIZE COMMAND: COMMAND in a terminal of that size.
tui_shell() {
  tui_close
  [ "$tui_forget" = no ] || rm -rf "$XDG_STATE_HOME"
  tui_server=$((tui_server + 1))
  tui_tmux new-session -d -s tui -x "${1%x*}" -y "${1#*x}" \
    "env ${tui_env[*]} $2"
}

tui_open() {
  local size=$1 words
  shift
  words=
  [ $# -eq 0 ] || printf -v words ' %q' "$@"
  tui_shell "$size" "$ACO_BIN top$words"
}

tui_close() {
  tui_tmux kill-server
}

tui_keys() {
  tui_tmux send-keys -t tui "$@"
}

# The screen as text; -e: with its colours and attributes.
tui_text() {
  tui_tmux capture-pane -p -t tui "$@"
}

# tui_until COMMAND...: look until it succeeds.
tui_until() {
  local end=$((SECONDS + tui_seconds))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
}

tui_matches() {
  tui_text | grep -Eq -- "$1"
}

# tui_wait PATTERN: fails the test at once when it never comes.
tui_wait() {
  tui_until tui_matches "$1" || {
    fail "the screen shows '$1'"
    tui_text | sed 's/^/# |/'
    return 1
  }
}

tui_same() {
  tui_text -e >"$tmp/screen" && cmp -s "$tmp/screen" "$1"
}

# Twenty looks in a row that show the same.
tui_settled() {
  local last now same=0 end=$((SECONDS + tui_seconds))
  last=
  while [ "$same" -lt 20 ] && [ "$SECONDS" -lt "$end" ]; do
    now=$(tui_text -e)
    if [ "$now" = "$last" ]; then same=$((same + 1)); else same=0; fi
    last=$now
    sleep 0.02
  done
}

# tui_screen NAME: one case.
tui_screen() {
  local want=$tui_dir/$1.screen
  if [ -n "${UPDATE_SCREENS-}" ]; then
    tui_settled
    tui_text -e >"$want"
    pass "$1 (written)"
  elif tui_until tui_same "$want"; then
    pass "$1"
  else
    fail "$1"
    diff -u "$want" "$tmp/screen" | cat -v | sed 's/^/# /'
  fi
}

tui_dead() {
  [ "$(tui_tmux display -p -t tui '#{pane_dead}')" = 1 ]
}
