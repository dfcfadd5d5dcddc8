#!/bin/bash
# `aco import claude-code` of generated transcripts, against a raw COPY
# (binary) of the attempts that it makes into a table without indexes.
# ACO_BENCH_ROWS attempts (1,000,000); ACO_BENCH_RUNS runs (3 here);
# ACO_BENCH_FORKS of a thousand sessions stand in two files (0).
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start import_attempts rows/s "$@"
bench_cluster

rows=${ACO_BENCH_ROWS:-1000000}
bench_runs=${ACO_BENCH_RUNS:-3}
"$gen" transcripts "$bench_work/claude" "$rows" 1 "${ACO_BENCH_FORKS:-0}" \
  >/dev/null || bench_die 'the generator failed'

for ((i = 0; i < bench_runs; i++)); do
  fresh
  ours "$rows" "$aco" import claude-code "$bench_work/claude"
  [ "$(sql bench 'SELECT count(*) FROM attempt')" -eq "$rows" ] ||
    bench_die 'rows are missing'
  keep attempt
  raw attempt
  reference "$rows" raw_copy
done
bench_end
