#!/bin/bash
# The dashboard of `aco demo` for ACO_SOAK_SECONDS, while agents call models
# through the daemon: keys as they come, storms of resizes, and all the while it
# must answer, leak nothing and find no fault. Takes its time, so that it is
# skipped where that is not set:
#
#   ACO_SOAK_SECONDS=600 make MODE=asan check-tui ONLY=soak
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
seconds=${ACO_SOAK_SECONDS:-0}
if [ "$seconds" -eq 0 ]; then
  echo '1..0 # SKIP set ACO_SOAK_SECONDS'
  exit 0
fi
unset ACO_NOW
tui_seconds=180
mkdir -m 755 "$tmp/asan"
# Freed memory is kept from use for a while, but not so much of it that a leak
# could not be told from it.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:log_path=$tmp/asan/log:quarantine_size_mb=16
tui_shell 160x48 "env ACO_AUTOSTART=no $ACO_BIN demo --days 3"
tui_wait '^coding ' || { lib_end; exit 1; }
shell=$(tui_tmux display -p -t tui '#{pane_pid}')
# The dashboard is the demonstration's child that has no more than this name.
for child in $(pgrep -P "$shell") $(pgrep -P "$(pgrep -P "$shell" | head -n 1)"); do
  tr '\0' ' ' <"/proc/$child/cmdline" | grep -q ' top $' && pid=$child
done
rss() { awk '/VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || echo 0; }
check 'the dashboard runs' [ -n "${pid-}" ]

keys=(1 2 3 4 5 6 7 8 Enter Enter Enter Escape Escape Escape j j k G Home NPage
  PPage s '<' I t T d d v v g Escape c Escape Space Space Right Left Right Left
  '?' x f f '*' - + ']' '[' : Escape / Escape y)
sizes=(160x48 80x24 40x12 120x30 39x10 200x60)
RANDOM=7
begin=$SECONDS pressed=0 warm=
while [ $((SECONDS - begin)) -lt "$seconds" ] && [ -e "/proc/$pid" ]; do
  for _ in 1 2 3 4 5 6 7 8; do
    tui_keys "${keys[RANDOM % ${#keys[@]}]}"
    pressed=$((pressed + 1))
  done
  if [ $((RANDOM % 16)) -eq 0 ]; then
    size=${sizes[RANDOM % ${#sizes[@]}]}
    tui_tmux resize-window -t tui -x "${size%x*}" -y "${size#*x}"
  fi
  sleep 0.4
  # What a tenth of the time has filled is there for good.
  [ -z "$warm" ] && [ $((SECONDS - begin)) -ge $((seconds / 10)) ] && warm=$(rss)
done
end=$(rss)
echo "# $pressed keys in $((SECONDS - begin)) s; resident ${warm:-?} kB after a tenth, $end kB at the end"
check 'it runs after all that' [ -e "/proc/$pid" ]
check 'and has not grown by more than half' [ "$end" -le $((${warm:-0} * 3 / 2)) ]
tui_tmux resize-window -t tui -x 120 -y 40
tui_keys Escape Escape Escape 1
check 'the first screen comes' tui_until tui_matches '^coding '
check 'with what was written just now' tui_until tui_matches 'new +(now|[0-9]+ms|[0-9](\.[0-9])?s)'
tui_keys : q Enter
check 'it ends, and the demonstration with it' tui_until tui_dead
faults() { grep -hs . "$tmp"/asan/log* | head -n 60 | sed 's/^/# /'; }
faults
check 'no fault was found' [ -z "$(faults)" ]
"$ACO_BIN" demo remove >/dev/null 2>&1
check 'nothing is left' [ ! -e "$ACO_HOME-demo" ]
lib_end
