#!/bin/bash
# The writer alone: calls as a receiver of telemetry makes them (two names, a
# step each, a thousand tasks that take turns), in batches, beside raw COPY of
# the rows that come of them into the same partitioned tables with the same
# indexes, COPY of the attempts alone, and INSERT of the attempts from arrays.
# One round has one of each. ACO_BENCH_ROWS (100,000), ACO_BENCH_RUNS (5),
# ACO_BENCH_BATCH (5,000), ACO_BENCH_WAYS to choose among the ways.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start append rows/s "$@"
bench_cluster

rows=${ACO_BENCH_ROWS:-100000}
batch=${ACO_BENCH_BATCH:-5000}
ways=${ACO_BENCH_WAYS:-new copy copy1 unnest new2 copy2 dup1 again log}
load=$(dirname "$gen")/append_load

# An empty ledger whose partitions are there.
empty() {
  fresh
  sql bench "SELECT aco_make_day((now() AT TIME ZONE 'UTC')::date)" >/dev/null
}

way() {
  case $1 in
  new) sample 'append' "$rows" "$load" new "$rows" 1 "$batch" ;;
  new2) sample 'append, 2 writers' "$rows" "$load" new "$rows" 2 "$batch" ;;
  dup1) sample 'append, 1 % known' "$rows" "$load" dup1 "$rows" 1 "$batch" ;;
  again) sample 'append, all known' "$rows" "$load" again "$rows" 1 "$batch" ;;
  log) sample 'append, second report of each' "$rows" \
    "$load" log "$rows" 1 "$batch" ;;
  copy) sample 'COPY attempt, attempt_key, step' "$rows" \
    "$load" copy "$rows" 1 "$batch" "$bench_work" ;;
  copy2) sample 'the same, 2 writers' "$rows" \
    "$load" copy "$rows" 2 "$batch" "$bench_work" ;;
  copy1) sample 'COPY attempt' "$rows" \
    "$load" copy1 "$rows" 1 "$batch" "$bench_work" ;;
  unnest) sample 'INSERT attempt FROM unnest' "$rows" \
    "$load" unnest "$rows" 1 "$batch" "$bench_work" ;;
  *) bench_die "no such way: $1" ;;
  esac
}

# The rows to copy, in the order in which the writer wrote them.
empty
"$load" new "$rows" 1 "$batch" >/dev/null || bench_die 'cannot append'
for t in attempt attempt_key step; do
  sql bench "\\copy (SELECT * FROM $t) TO '$bench_work/$t' (FORMAT binary)"
done

for ((i = 0; i < bench_runs; i++)); do
  for w in $ways; do
    empty
    way "$w"
    [ "$w" = dup1 ] || [ "$(sql bench 'SELECT count(*) FROM attempt')" -eq \
      "$rows" ] || bench_die "$w: rows are missing"
  done
done
bench_table 'COPY attempt, attempt_key, step'
