#!/bin/bash
# Real outcomes against generated ones: the same router, by tiers, trained on
# 50,000 generated outcomes (P = strength^(0.6 * difficulty)), on those of 500
# real tasks, on all real ones, and on both, judged on real tasks that none of
# them saw. Usage: bench_real_outcomes.sh coderouterbench_id.jsonl.gz
# LIMIT: seconds a run (900); TREES: a model (40).
set -u
cd "$(dirname "$0")/../.." || exit 1
aco=${ACO_BIN:-build/release/aco}
gen=${ACO_GEN:-$(dirname "$aco")/tests/bench/gen}
data=${1:-../shared/data/coderouterbench_id.jsonl.gz}
[ -r "$data" ] || {
  echo "$data is not there: nothing to judge on" >&2
  exit 0
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export ACO_CONFIG=/dev/null

zcat "$data" | grep -E '"split": ?"train"' >"$work/real.jsonl"
zcat "$data" | grep -E '"split": ?"val"' >"$work/judge.jsonl"
# Every twelfth task of the real ones, with all of its models.
awk -F'"task_id":' '{ split($2, id, "\""); t = id[2] }
  !(t in n) { n[t] = ++tasks }
  n[t] % 12 == 1 && kept[t]++ < 99 { print }' "$work/real.jsonl" \
  >"$work/few.jsonl"
"$gen" routed 10000 1 >"$work/made.jsonl"

# table NAME FILE...: a line for each policy that matters.
table() {
  local name=$1 f
  local fit=()
  shift
  for f in "$@"; do fit+=(--fit "$work/$f"); done
  timeout "${LIMIT:-900}" "$aco" eval --fleet --tiers 5 --coverage 0 \
    --no-chart --boot 300 --trees "${TREES:-40}" --threads 1 "${fit[@]}" \
    --judge "$work/judge.jsonl" \
    >"$work/out" 2>"$work/err" || {
    echo "$name: $(tail -n 1 "$work/err")"
    return
  }
  echo "== $name ($(cat "${@/#/$work/}" | wc -l) outcomes)"
  grep -E 'judged|policy|best|static|learned|oracle|ECE|Brier' "$work/out"
}
table 'generated' made.jsonl
table '500 real tasks' few.jsonl
table 'all real' real.jsonl
table 'both' real.jsonl made.jsonl
