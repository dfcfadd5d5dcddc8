#!/bin/bash
# `aco import outcomes` of generated verdicts, against a raw COPY (binary) of
# the rows that it makes into a table without indexes.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start import_outcomes rows/s "$@"
bench_cluster

rows=${ACO_BENCH_OUTCOMES:-100000}
"$gen" outcomes "$rows" 1 >"$bench_work/outcomes.jsonl" ||
  bench_die 'the generator failed'

for ((i = 0; i < bench_runs; i++)); do
  fresh
  ours "$rows" "$aco" import outcomes "$bench_work/outcomes.jsonl"
  [ "$(sql bench 'SELECT count(*) FROM trial')" -eq "$rows" ] ||
    bench_die 'rows are missing'
  keep trial
  raw trial
  reference "$rows" raw_copy
done
bench_end
