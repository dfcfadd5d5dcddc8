#!/bin/bash
# A night on the ledger: outcomes imported as a fleet's history, the daemon
# trains at its hour, the gate lets the result serve, workers take it under
# load, a bad candidate and one that is no better are refused, one that drifted
# serves by its static policies, a rollback goes back. The clock stands at 04:00,
# past the hour.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh
# shellcheck source=tests/int/lib_serve.sh
. tests/int/lib_serve.sh

if ! command -v curl >/dev/null; then
  skip 'a night' 'no curl'
  finish
fi
export ACO_NOW=2026-11-24T04:00:00Z ACO_RETRAIN_AT=03:17 ACO_WORKERS=2
export ACO_KEYS=off
up
use night

versions() { sql night "SELECT string_agg(state, ' ' ORDER BY id) FROM bundle"; }
count_log() { grep -c "$1" "$work/serve.log"; }

# within SECONDS NAME WANT COMMAND...: what it prints, in the end.
within() {
  local s=$1 name=$2 want=$3 got k
  shift 3
  for ((k = 0; k < s * 5; k++)); do
    got=$("$@")
    [ "$got" = "$want" ] && break
    sleep 0.2
  done
  is "$name" "$got" "$want"
}

# ---- nothing to learn from: nothing happens ----

"$gen" routed 500 1 fleet >"$work/fleet.jsonl"
"$aco" train --ledger --publish >"$work/out" 2>&1 &&
  fail 'a ledger without outcomes' "$(cat "$work/out")"
has 'a ledger without outcomes teaches nothing' "$(cat "$work/out")" 'outcomes'
is 'and there is no version' "$(versions)" ''

# ---- the night ----

"$aco" import outcomes "$work/fleet.jsonl" >"$work/out" 2>&1 ||
  bail "import: $(cat "$work/out")"
# shellcheck disable=SC2119
serve_start

# Load from here on: every request must be answered.
(
  n=0
  while [ ! -e "$work/stop" ]; do
    curl -sf -m 20 -o "$work/load.body" "$url/healthz" ||
      echo "$n" >>"$work/load.failed"
    sleep 0.1
    n=$((n + 1))
  done
  echo "$n" >"$work/load.count"
) &
load=$!

within 100 'a version was trained, and serves' serving versions
within 20 'both workers took it' 2 count_log 'another version serves.*version=1'
"$aco" router show >"$work/show" 2>&1
has 'its certificate says so' "$(cat "$work/show")" 'gate: passed'
has 'and why' "$(cat "$work/show")" 'surely better on'
has 'a class in which all models are alike' "$(cat "$work/show")" 'support'
is 'once a night' "$(count_log 'the training starts')" 1

# ---- candidates that must not serve ----

"$gen" routed 250 2 flipped >"$work/flipped.jsonl"
"$aco" train "$work/flipped.jsonl" --publish >"$work/out" 2>&1 ||
  fail 'a bad candidate is no error' "$(cat "$work/out")"
has 'flipped verdicts are refused' "$(cat "$work/out")" 'gate: refused'
is 'and kept as refused' "$(versions)" 'serving refused'
"$aco" train --ledger --publish --seed 2 >"$work/out" 2>&1 ||
  fail 'another draw is no error' "$(cat "$work/out")"
has 'no better is refused' "$(cat "$work/out")" 'gate: refused'
is 'the first one serves on' "$(versions)" 'serving refused refused'
"$aco" train --ledger --dry-run --json >"$work/out" 2>&1
has 'a dry run says what would happen' "$(cat "$work/out")" '"published":false'
is 'and leaves nothing' "$(versions)" 'serving refused refused'

# ---- drift ----

link() { readlink "$ACO_HOME/bundle/serving"; }
sql night "UPDATE bundle SET certificate = certificate ||
  '{\"drift\":{\"state\":\"drifted\",\"why\":\"a test says so\"}}'
  WHERE state = 'serving'" >/dev/null
within 20 'one that drifted serves by its static policies' 1-static.aco link
within 20 'both workers took it so' 4 count_log 'another version serves.*version=1'
"$aco" router show >"$work/show" 2>&1
has 'and it says so' "$(cat "$work/show")" 'drift: drifted: a test says so'
has 'and the metrics do' "$(curl -s "$url/metrics")" \
  'aco_router_drifted_max 1'
is 'a person has the last word' "$("$aco" router promote 1)" 'version 1 serves'
within 20 'and it serves as it was' 1.aco link
within 20 'both workers took it back' 6 count_log 'another version serves.*version=1'

# ---- by hand ----

is 'promoted by hand' "$("$aco" router promote 3)" 'version 3 serves'
within 20 'both workers took that' 2 count_log 'another version serves.*version=3'
is 'rolled back' "$("$aco" router rollback)" 'version 1 serves'
within 20 'both workers went back' 8 count_log 'another version serves.*version=1'
is 'and again' "$("$aco" router rollback)" 'the version that ships with aco serves'
within 20 'to what ships' 2 count_log 'another version serves.*version=0'
"$aco" router list --json >"$work/out" 2>&1
has 'the list knows' "$(cat "$work/out")" '"serving":0'

# ---- a version of another program, after an upgrade ----

is 'one that can be read serves' "$("$aco" router promote 3)" 'version 3 serves'
within 20 'here, too' 3.aco link
sql night "UPDATE bundle SET body = 'of another format' WHERE id = 3" >/dev/null
printf 'of another format' >"$ACO_HOME/bundle/3.aco"
touch "$work/stop"
wait "$load"
serve_stop
# shellcheck disable=SC2119
serve_start
within 20 'the janitor says that it cannot be read' 1 \
  count_log 'version that should serve cannot be read.*version=3'
has 'workers refuse it' "$(cat "$work/serve.log")" 'a version is refused'
curl -sf -m 20 -o "$work/load.body" "$url/healthz" ||
  fail 'and it serves' 'no answer'
is 'what the janitor does goes on' "$(count_log 'database cannot be used')" 0
"$aco" router promote 1 >/dev/null
within 20 'another version is brought all the same' 1.aco link

is 'no request was dropped' "$(cat "$work/load.failed" 2>/dev/null)" ''
[ "$(cat "$work/load.count")" -gt 20 ] ||
  fail 'there was load' "$(cat "$work/load.count")"
serve_stop
unset ACO_NOW
finish
