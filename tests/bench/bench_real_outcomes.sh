#!/bin/bash
# Real outcomes against generated ones: the same router trained on
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

# The same five models in all runs, a band of cost each, as the real tasks that
# are fitted on say; the generated ones bear their names in the order of cost.
mapfile -t names < <("$aco" eval --static --tiers 5 --coverage 0 --json \
  --boot 0 --fit "$work/real.jsonl" --judge "$work/judge.jsonl" |
  grep -o '"models":\[.*' | grep -o '"name":"[^"]*"' | cut -d'"' -f4)
[ "${#names[@]}" = 5 ] || {
  echo "no five models" >&2
  exit 1
}
"$gen" routed 10000 1 >"$work/sim.jsonl"
mapfile -t sims < <(head -n 5 "$work/sim.jsonl" |
  sed 's/.*"model":"\([^"]*\)".*/\1/')
edit=()
for i in 0 1 2 3 4; do
  edit+=(-e "s|\"model\":\"${sims[i]}\"|\"model\":\"${names[i]}\"|")
done
sed "${edit[@]}" "$work/sim.jsonl" >"$work/made.jsonl"
models=$(
  IFS=,
  echo "${names[*]}"
)
echo "models: $models"

# table NAME FILE...: a line for each policy that matters.
table() {
  local name=$1 f
  local fit=()
  shift
  for f in "$@"; do fit+=(--fit "$work/$f"); done
  timeout "${LIMIT:-900}" "$aco" eval --models "$models" --coverage 0 \
    --no-chart --boot 300 --trees "${TREES:-40}" --threads 1 "${fit[@]}" \
    --judge "$work/judge.jsonl" \
    >"$work/out" 2>"$work/err" || {
    echo "$name: $(tail -n 1 "$work/err")"
    return
  }
  echo "== $name ($(cat "${@/#/$work/}" | wc -l) outcomes)"
  awk '/^Saved/ { tables = 9 } /^POLICY/ { tables++ }
    tables < 3 && /^(POLICY|best-single|class-static|learned|oracle)/
    /tasks judged|ECE/' "$work/out"
}
table '500 real tasks' few.jsonl
table 'generated' made.jsonl
table 'all real' real.jsonl
table 'both' real.jsonl made.jsonl
