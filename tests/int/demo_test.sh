#!/bin/bash
# aco demo: the same fleet for the same seed, every kind of row in it, nothing
# of the user's touched, nothing left running or lying about.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh

demo=$work/home-demo
mkdir "$ACO_HOME"
echo mine >"$ACO_HOME/precious"
before=$(find "$ACO_HOME" | sort)

# Processes that were started for the demonstration: each has its folder in
# its environment or on its command line.
servers() {
  grep -la "$work/[h]ome-demo" /proc/[0-9]*/environ /proc/[0-9]*/cmdline \
    2>/dev/null | cut -d/ -f3 | sort -u
}
demo_end() {
  "$aco" demo stop >/dev/null 2>&1
  # shellcheck disable=SC2046
  kill -KILL $(servers) 2>/dev/null
  rm -rf "$work"
}
trap demo_end EXIT

our() { ACO_HOME=$demo ACO_AUTOSTART=no "$aco" --config "$demo/demo.conf" "$@"; }
# What the ledger says of a whole day.
look() {
  sock=$demo/pg/run
  figures=$(for kind in attempts tasks steps outcomes decisions; do
    our export "$kind" --since "$since" --until "$until" >"$work/$kind.$1"
    printf '%s %s\n' "$kind" "$(wc -l <"$work/$kind.$1")"
  done)
}
day() { date -u -d "today $1 days" +%F; }
since=$(day -1) until=$(day 0)

out=$("$aco" demo --once --seed 7 --days 2 2>"$work/err")
is 'a demonstration succeeds' $? 0
has 'it shows the fleet' "$out" 'support'
has 'marked as simulated' "$out" 'simulated'
has 'and says so' "$(cat "$work/err")" 'nothing of yours is touched'
is 'nothing is left running' "$(servers)" ''
is "the user's folder is as it was" "$(find "$ACO_HOME" | sort)" "$before"

our up >"$work/up.log" 2>&1 || bail "aco up: $(cat "$work/up.log")"
look 1
first=$figures
more() {
  local n
  n=$(sql aco "SELECT count(*) FROM $2")
  if [ "${n:-0}" -ge "$3" ]; then pass "$1"; else fail "$1" "$n"; fi
}
more 'there are attempts' attempt 100
more 'failed ones among them' "attempt WHERE status = 'error'" 1
more 'escalations' 'attempt WHERE escalated_from IS NOT NULL' 1
more 'outcomes' outcome 30
more 'decisions that served' 'decision WHERE live' 20
more 'and such that did not' 'decision WHERE NOT live' 20
more 'budgets' budget 5
more 'an oracle' oracle_class_day 3
more 'trials' trial 5
is 'no call is priced at nothing' "$(sql aco \
  "SELECT count(*) FROM attempt WHERE cost_pusd = 0 AND status = 'ok'")" 0
check 'the invariants hold' our doctor

"$aco" demo remove >/dev/null
is 'remove removes' "$(find "$work" -maxdepth 1 -name '*-demo')" ''
is 'and stops' "$(servers)" ''
has 'removing again is no mistake' "$("$aco" demo remove)" 'was not there'

# The same seed again; killed while its agents work.
"$aco" demo --seed 7 --days 2 >"$work/out" 2>"$work/err" &
pid=$!
for ((k = 0; k < 600; k++)); do
  grep -q 'works for' "$work/err" && break
  kill -0 $pid 2>/dev/null || break
  sleep 0.1
done
has 'a second runs' "$(cat "$work/err")" 'works for'
out=$("$aco" demo --once 2>&1)
is 'no two at a time' $? 1
has 'and it is said why' "$out" 'runs already'
rows() { sql aco "SELECT count(*) > 0 FROM attempt a JOIN dict s
  ON s.id = a.source_id WHERE s.name = 'gateway'"; }
for ((k = 0; k < 100; k++)); do
  [ "$(rows)" = t ] && break
  kill -0 $pid 2>/dev/null || break
  sleep 0.1
done
is 'its agents call through the gateway' "$(rows)" t
kill -KILL $pid
wait $pid 2>/dev/null
# PostgreSQL is there still.
look 2
is 'the same seed is the same fleet' "$figures" "$first"
for kind in attempts tasks steps outcomes decisions; do
  check "the same $kind" cmp "$work/$kind.1" "$work/$kind.2"
done
has 'one that was killed is stopped' "$("$aco" demo stop)" 'stopped'
is 'nothing of it is left' "$(servers)" ''
"$aco" demo remove >/dev/null

mkdir "$demo"
echo mine >"$demo/precious"
out=$("$aco" demo remove 2>&1)
is 'a folder without the marker is refused' $? 1
has 'and it is said why' "$out" 'no demonstration'
is 'it is left alone' "$(cat "$demo/precious")" mine
"$aco" demo --once >/dev/null 2>&1
is 'nothing is made in it either' "$(ls "$demo")" precious

finish
