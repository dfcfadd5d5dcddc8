#!/bin/bash
# The same as import_outcomes with real outcomes, where they are at hand: a
# copy of the OpenHands index as JSON lines in $ACO_DATA (../shared/data).
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
bench_start import_openhands_index rows/s "$@"
file=${ACO_DATA:-../shared/data}/openhands_index.jsonl.gz
[ -r "$file" ] || bench_skip "$file is not there"
bench_cluster

rows=$(zcat "$file" | wc -l)
for ((i = 0; i < bench_runs; i++)); do
  fresh
  ours "$rows" "$aco" import outcomes "$file"
  keep trial
  raw trial
  reference "$rows" raw_copy
done
bench_end
