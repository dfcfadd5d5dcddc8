#!/bin/bash
# The terminal is left as it was found, whatever ends the dashboard; storms of
# resizes; nothing is drawn when nothing changed.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed

cat >"$tmp/wrap.sh" <<'END'
trap : INT # which the whole foreground gets
ulimit -c 0
stty -a >"$1/before"
"$ACO_BIN" top
echo "code $?"
stty -a >"$1/after"
echo done
exec sleep 1000
END

flag() { tui_tmux display -p -t tui "#{$1}"; }
aco_pid() { pgrep -P "$(flag pane_pid)"; }

# run LABEL CODE COMMAND...: the command ends the dashboard.
ends() {
  local label=$1 code=$2
  shift 2
  tui_shell 80x24 "sh $tmp/wrap.sh $tmp"
  tui_wait '^coding' || return
  [ "$(flag alternate_on)/$(flag mouse_any_flag)" = 1/1 ] ||
    fail "$label: the dashboard has a screen of its own and the mouse"
  "$@"
  tui_wait '^done' || return
  check "$label: ends with code $code" tui_matches "^code $code\$"
  check "$label: the line discipline is as before" \
    cmp "$tmp/before" "$tmp/after"
  check "$label: the screen, cursor and mouse are as before" \
    [ "$(flag alternate_on)/$(flag cursor_flag)/$(flag mouse_any_flag)" = 0/1/0 ]
  tui_close
}
signal() { kill "-$1" "$(aco_pid)"; }

ends 'q' 0 tui_keys q
ends 'SIGTERM' 143 signal TERM
ends 'Ctrl-C' 130 tui_keys C-c
ends 'SIGHUP' 129 signal HUP
ends 'SIGSEGV' 139 signal SEGV
ends 'SIGABRT' 134 signal ABRT

# ---- stopping for a while ----
tui_shell 80x24 'bash --norc -i'
tui_keys "PS1='% '; clear; stty -a >$tmp/before; '$ACO_BIN' top" Enter
tui_wait '^coding'
tui_keys C-z
tui_wait 'Stopped'
tui_keys "stty -a >$tmp/after; clear; echo done" Enter
tui_wait '^done'
check 'Ctrl-Z gives the terminal back' cmp "$tmp/before" "$tmp/after"
check 'its screen and mouse too' \
  [ "$(flag alternate_on)/$(flag mouse_any_flag)" = 0/0 ]
tui_keys fg Enter
check 'fg goes on' tui_until tui_matches '^coding'
tui_keys Enter
check 'where it was' tui_until tui_matches 'fleet › coding'
tui_close

# ---- resizing ----
tui_open 80x24
tui_wait '^coding'
for _ in 1 2 3 4 5 6 7 8; do
  for size in 40x12 133x40 20x5 300x90 39x11 1x1 81x24; do
    tui_tmux resize-window -t tui -x "${size%x*}" -y "${size#*x}"
  done
done
tui_tmux resize-window -t tui -x 80 -y 24
# By its text: of lines that were wrapped tmux forgets where colours end.
plain() { sed 's/\x1b\[[0-9;]*m//g' "$tui_dir/fleet-dark-80x24.screen"; }
as_ever() { [ "$(tui_text)" = "$(plain)" ]; }
check 'after a storm of sizes the screen is as ever' tui_until as_ever
tui_tmux resize-window -t tui -x 30 -y 6
check 'too small a screen says so' tui_until tui_matches 'too small'
tui_tmux resize-window -t tui -x 80 -y 24
check 'and comes back' tui_until tui_matches '^coding'
tui_tmux resize-window -t tui -x 30 -y 6
tui_until tui_matches 'too small'
tui_keys q
check 'and does not trap' tui_until tui_dead
tui_close

# ---- refreshing draws nothing that is there already ----
refreshes() { # how many statements the dashboard has begun, roughly
  lib_sql aco "SELECT coalesce(max(extract(epoch FROM query_start)), 0)
    FROM pg_stat_activity WHERE application_name = 'aco top'"
}
changed() { [ "$(refreshes)" != "$seen" ]; }
tui_open 160x48 --interval 0.1
tui_wait '^coding'
tui_settled
tui_tmux pipe-pane -t tui "cat >$tmp/drawn"
for _ in 1 2 3 4 5; do
  seen=$(refreshes)
  tui_until changed || fail 'the dashboard refreshes'
done
size=$(stat -c %s "$tmp/drawn")
check "five refreshes without news draw next to nothing ($size bytes)" \
  [ "$size" -lt 200 ]
tui_close

# ---- what changes slowly is read rarely ----
lib_sql aco "ALTER DATABASE aco SET log_min_duration_statement = 0" >/dev/null
tui_open 160x48 --interval 0.1
tui_wait '^coding'
begun() { grep -c "bind $1" "$tmp/pg/log"; }
often() { [ "$(begun query_group)" -ge 12 ]; }
check 'figures are read with each refresh' tui_until often
check "their trends are not ($(begun query_spark) times)" \
  [ "$(begun query_spark)" -le 6 ]
check 'and are seen all the same' tui_matches '^coding .*█'
tui_close
lib_sql aco "ALTER DATABASE aco RESET log_min_duration_statement" >/dev/null

# ---- where it cannot draw ----
tui_env=(TERM=dumb)
tui_open 80x24
check 'a terminal that cannot draw is told what to use' \
  tui_until tui_matches 'use --once, --plain, --json or --csv'
tui_env=(TERM=no-such-terminal)
tui_open 80x24
check 'so is one that is not known' \
  tui_until tui_matches 'set TERM, such as'
# (Where a program ended tmux scrolls by a line, so the first may be gone.)
tui_env=()

lib_end
