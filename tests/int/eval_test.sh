#!/bin/bash
# aco eval: mistakes, files, --fit and --judge, the ledger; and aco router
# preview on a ledger without decisions.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh

# Two models on 120 tasks of two classes: the dear one solves nine of ten, the
# cheap one nine of ten of the easy class and one of ten of the hard one.
make_outcomes() {
  awk -v from="$1" -v to="$2" 'BEGIN {
    for (t = from; t < to; t++) {
      class = t % 2 ? "hard" : "easy"
      cheap = (class == "easy") != (t % 10 > 7)
      line = "{\"source\":\"suite\",\"task_id\":\"t%d\",\"task_class\":\"%s\"," \
        "\"model\":\"%s\",\"success\":%d,\"cost_usd\":%s}\n"
      printf line, t, class, "small", cheap, "0.01"
      printf line, t, class, "large", t % 10 != 4, "0.2"
    }
  }'
}
make_outcomes 0 120 >"$work/all.jsonl"
make_outcomes 0 80 >"$work/fit.jsonl"
make_outcomes 80 120 | gzip >"$work/judge.jsonl.gz"

# figure JSON-FILE: success and cost of class-static, and tasks judged.
figure() {
  grep -o '"tasks_judged":[0-9]*' "$1"
  grep -o '"name":"class-static","saving_at_equal_success":[-0-9.e]*' "$1"
}

"$aco" eval >"$work/out" 2>&1
is 'a file is asked for' $? 2
"$aco" eval --fit "$work/fit.jsonl" >"$work/out" 2>&1
is '--fit alone is a mistake' $? 2
"$aco" eval --static "$work/none" >"$work/out" 2>&1
is 'a file that is not there' $? 1
printf 'x' >"$work/bad"
"$aco" eval --static "$work/bad" >"$work/out" 2>&1
has 'a file that is no outcomes says where' "$(cat "$work/out")" 'bad:1'

"$aco" eval --static --json --boot 50 "$work/all.jsonl" >"$work/file.json" ||
  fail 'aco eval --json'
has 'every task is judged' "$(figure "$work/file.json")" '"tasks_judged":120'
has 'one model a class saves' "$(figure "$work/file.json")" '"class-static"'
"$aco" eval --static --boot 50 --ascii "$work/all.jsonl" >"$work/out"
has 'the table names the best single' "$(cat "$work/out")" 'best-single'
has 'the chart has its legend' "$(cat "$work/out")" 'O oracle'
"$aco" eval --static --json --boot 50 --fit "$work/fit.jsonl" \
  --judge "$work/judge.jsonl.gz" >"$work/two.json"
has 'one file fits, the other judges' "$(figure "$work/two.json")" \
  '"tasks_judged":40'
"$aco" eval --static --fit "$work/fit.jsonl" --judge "$work/fit.jsonl" \
  >"$work/out" 2>&1
is 'what is judged is not fitted on' $? 1
has 'and nothing else is' "$(cat "$work/out")" 'no task to fit on is left'
"$aco" eval --static --json --boot 20 --fit "$work/all.jsonl" \
  --judge "$work/judge.jsonl.gz" >"$work/shared.json"
has 'tasks of both are judged' "$(figure "$work/shared.json")" \
  '"tasks_judged":40'
has 'and fitted on are the others' "$(cat "$work/shared.json")" '"tasks_fit":80'
for wrong in '--tiers 0' '--folds 1' '--coverage 2' '--failure nan' '--boot x' \
  '--sample 0' '--ledger'; do
  # shellcheck disable=SC2086
  "$aco" eval $wrong "$work/all.jsonl" >"$work/out" 2>&1
  is "a mistake: $wrong" $? 2
done
"$aco" eval --static --models nobody "$work/all.jsonl" >"$work/out" 2>&1
has 'models that are not there' "$(cat "$work/out")" 'no outcome is left'
"$aco" eval --static --reference nobody "$work/all.jsonl" >"$work/out" 2>&1
has 'a reference that is not there' "$(cat "$work/out")" 'nobody'
"$aco" eval --static --class nobody "$work/all.jsonl" >"$work/out" 2>&1
has 'a class that is not there' "$(cat "$work/out")" 'nobody'
"$aco" eval --static --json --boot 20 --sample 30 --failure 5 \
  "$work/all.jsonl" >"$work/some.json"
has 'a sample' "$(cat "$work/some.json")" '"tasks_judged":30'
has 'a failure at its price' "$(cat "$work/some.json")" '"failure_price":5'
has 'classes by themselves' "$(cat "$work/file.json")" '"classes":[{"name":"easy"'
sed 's/"source": *"[^"]*"/"source":"elsewhere"/' "$work/fit.jsonl" \
  >"$work/foreign.jsonl"
"$aco" eval --static --fleet --fit "$work/foreign.jsonl" \
  --judge "$work/judge.jsonl.gz" >"$work/out" 2>&1
is 'tiers of a source that nothing was fitted on' $? 1
has 'nobody is judged instead' "$(cat "$work/out")" 'no task to judge is left'
"$aco" eval --json --boot 20 --trees 20 --folds 2 "$work/all.jsonl" \
  >"$work/learned.json"
has 'the router is in the table' "$(cat "$work/learned.json")" \
  '"name":"learned"'

up
use eval
"$aco" import -q outcomes "$work/all.jsonl" >"$work/log" 2>&1 ||
  bail "import: $(cat "$work/log")"
"$aco" eval --ledger --static --json --boot 50 >"$work/ledger.json" ||
  fail 'aco eval --ledger'
is 'the ledger gives the same figures' "$(figure "$work/ledger.json")" \
  "$(figure "$work/file.json")"
"$aco" router preview >"$work/out" 2>&1
has 'preview has nothing to go by' "$(cat "$work/out")" 'no'

finish
