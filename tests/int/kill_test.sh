#!/bin/bash
# Whatever is killed, and whenever: after one more import the ledger is the
# one that nothing disturbed, byte for byte, and its sums still hold.
# ACO_KILL_ROUNDS=50 for a long run, ACO_KILL_SEED to repeat one.
set -um # -m: a job is a process group, which can be killed whole
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh

rounds=${ACO_KILL_ROUNDS:-2}
calls=${ACO_KILL_CALLS:-5000}
seed=${ACO_KILL_SEED:-$RANDOM}
RANDOM=$seed
echo "# ACO_KILL_SEED=$seed ACO_KILL_ROUNDS=$rounds"

"$gen" transcripts "$work/claude" "$calls" 7 50 4 >"$work/truth" ||
  bail 'the generator failed'
"$gen" outcomes $((calls / 4)) 7 >"$work/outcomes.jsonl"

# All imports, one after the other, as a nightly job would do it.
import_all() {
  "$aco" import claude-code "$work/claude" &&
    "$aco" import mini-swe tests/data/traces &&
    "$aco" import outcomes "$work/outcomes.jsonl"
}

# A moment within the time that an undisturbed import takes.
random_moment() {
  awk -v t="$whole" -v r="$RANDOM" 'BEGIN { printf "%.3f", t * r / 32768 }'
}

postmaster() { head -n 1 "$ACO_HOME/pg/data/postmaster.pid"; }

# again NAME: import again, then compare.
again() {
  import_all >"$work/log" 2>&1 || {
    fail "$1: import again" "$(tail -n 5 "$work/log")"
    return
  }
  export_all "$work/got" || bail 'export failed'
  same "$1: the same ledger" "$work/undisturbed" "$work/got"
  check "$1: doctor" "$aco" doctor --all
}

up
use undisturbed
from=$EPOCHREALTIME
check 'undisturbed import' import_all
whole=$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
export_all "$work/undisturbed" || bail 'export failed'
is 'every call is there once' "$(wc -l <"$work/undisturbed/attempts")" \
  "$((calls + 2))" # two are mini-swe's
is 'and the sums are those of the generator' "$(sql undisturbed "
  SELECT string_agg(line, chr(10) ORDER BY name DESC) FROM (
    SELECT m.name, concat_ws(' ', m.name, count(*), sum(uncached_in),
      sum(cache_read), sum(cache_write_5m), sum(cache_write_1h),
      sum(output)) AS line
    FROM attempt a JOIN model m ON m.id = a.model_id
    JOIN dict d ON d.id = a.source_id AND d.name = 'import:claude-code'
    GROUP BY m.name) x")" "$(cat "$work/truth")"
check 'undisturbed doctor' "$aco" doctor --all

for ((i = 1; i <= rounds; i++)); do
  use killed
  # The importer, three times in a row: it must come further each time.
  for _ in 1 2 3; do
    import_all >/dev/null 2>&1 &
    job=$!
    sleep "$(random_moment)"
    kill -KILL -- "-$job" 2>/dev/null
    wait "$job" 2>/dev/null
  done
  again "importer killed, round $i"
done

for ((i = 1; i <= rounds; i++)); do
  use killed
  import_all >"$work/import.log" 2>&1 &
  job=$!
  sleep "$(random_moment)"
  kill -KILL "$(postmaster)"
  up
  # The importer reconnects by itself, or says that it could not.
  wait "$job" || [ -s "$work/import.log" ] ||
    fail "server killed, round $i: the importer failed without a word"
  again "server killed, round $i"
done

for ((i = 1; i <= rounds; i++)); do
  use killed
  import_all >"$work/import.log" 2>&1 &
  job=$!
  sleep "$(random_moment)"
  backend=$(sql postgres "SELECT pid FROM pg_stat_activity
    WHERE datname = 'killed' LIMIT 1")
  [ -z "$backend" ] || kill -KILL "$backend"
  wait "$job" || [ -s "$work/import.log" ] ||
    fail "backend killed, round $i: the importer failed without a word"
  # All backends start anew; until then the server takes nobody.
  until sql postgres 'SELECT 1' >/dev/null 2>&1; do sleep 0.1; done
  again "backend killed, round $i"
done

finish
