#!/bin/bash
# Evidence of runs decides: traces are imported into a ledger, the router is
# trained on them and judged on other repositories. Where a cheap model's steps
# tell whether it will have failed, escalating on them beats any mixture of
# models; where the same steps are dealt to other tasks, it must not.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh

# traces SHUFFLED: 900 tasks of 60 repositories. `small` solves half of them at
# a tenth of the cost of `large`, which solves four of five. A run of `small`
# that solves its task verifies its last edit, nine times of ten; a run that
# does not edits again and again after failures. Costs, texts and classes tell
# nothing. With SHUFFLED the steps are those of a coin.
traces() {
  awk -v shuffled="$1" 'function random() {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  function step(kind, code) {
    return sprintf("{\"kind\":\"%s\",\"failed\":%s,\"output_tokens\":20},", \
      kind, code ? "true" : "false")
  }
  function steps(good,  s, n, i) {
    if (random() < 0.1)
      good = !good
    s = step("search", random() < 0.2) step("read", 0)
    n = 1 + int(random() * 3)
    for (i = 0; i < n; i++)
      s = s step("edit", !good && random() < 0.7)
    if (good)
      s = s step("verify", 0)
    return s "{\"kind\":\"communicate\",\"failed\":false}"
  }
  function line(t, model, good, told, cost) {
    printf "{\"source\":\"agents\",\"task_id\":\"t%d\",\"repo\":\"of/r%d\"," \
      "\"task_class\":\"coding\",\"model\":\"%s\",\"success\":%d," \
      "\"cost_usd\":%s,\"steps\":[%s]}\n", t, t % 60, model, good, cost, \
      steps(told)
  }
  BEGIN {
    seed = 4711
    for (t = 0; t < 900; t++) {
      small = random() < 0.5
      large = random() < 0.8
      coin = random() < 0.5
      line(t, "small", small, shuffled ? coin : small, "0.1")
      line(t, "large", large, 1, "1")
    }
  }'
}

# of FILE POLICY: its part of the report.
of() {
  sed 's/{"name":"/\n&/g' "$1" | grep "^{\"name\":\"$2\"" | head -1
}
# low FILE POLICY FIGURE: the low end of its interval.
low() {
  of "$1" "$2" | sed "s/.*\"ci\":{//" | grep -o "\"$3\":\[[-0-9.e]*" |
    head -1 | sed 's/.*\[//'
}
# auc FILE
auc() {
  grep -o '"accept_auc":{"value":[-0-9.e]*' "$1" | head -1 | sed 's/.*://'
}
# holds NAME CONDITION...
holds() {
  if awk "BEGIN { exit !($2) }"; then pass "$1"; else fail "$1: $2"; fi
}

judge() {
  "$aco" eval --json --trees 30 --boot 200 --folds 3 \
    --reference large "$@" 2>"$work/err"
}

up
use runs
traces 0 >"$work/told.jsonl"
traces 1 >"$work/dealt.jsonl"
"$aco" import outcomes "$work/told.jsonl" >"$work/out" 2>&1
is 'traces are imported' $? 0
judge --ledger >"$work/told.json"
is 'the ledger is judged' $? 0
judge "$work/told.jsonl" >"$work/file.json"
is 'and the file' $? 0
# Only the order of rows differs.
holds 'the ledger knows what the file knows' \
  "($(auc "$work/told.json") - $(auc "$work/file.json"))^2 < 0.0001"
judge "$work/dealt.jsonl" >"$work/dealt.json"
is 'steps of other tasks' $? 0
holds 'steps tell good runs from bad ones' "$(auc "$work/told.json") > 0.65"
holds 'and steps of others do not' "$(auc "$work/dealt.json") < 0.6"
for policy in learned cascade; do
  holds "$policy is surely above the mixture of models" \
    "$(low "$work/told.json" $policy above_hull) > 0.02"
  holds "$policy surely saves, where the hull cannot" \
    "$(low "$work/told.json" $policy saving_at_equal_success) > 0.15"
  holds "$policy is not, on steps of others" \
    "$(low "$work/dealt.json" $policy above_hull) < 0.02"
done
finish
