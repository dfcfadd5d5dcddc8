#!/bin/bash
# The printed twins of every view, byte for byte; what they promise; and what
# the command line refuses.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed
export COLUMNS=100

attempt=$(lib_sql aco "SELECT attempt_id FROM v_attempt
  WHERE task_ext_id = 'fix-flaky-test' AND cost_usd = 0.020355")
decision=$(lib_sql aco "SELECT id FROM decision WHERE policy = 'learned'
  AND propensity > 0.5")
args() { # the options that open a view
  case $1 in
  fleet) echo --since all ;;
  tasks) echo --class coding --since 30d ;;
  task) echo --task fix-flaky-test ;;
  attempt) echo --task fix-flaky-test --attempt "$attempt" ;;
  price) echo --price 900002 ;;
  agents | teams | models | tiers | decisions | attention) echo --since 30d ;;
  router | bundles | budgets | dead) echo ;;
  decision) echo --decision "$decision" ;;
  search) echo --search e ;;
  esac
}

same() {
  if [ -n "${UPDATE_SCREENS-}" ]; then cp "$1" "$2"; fi
  cmp "$1" "$2" || {
    diff -u "$2" "$1" | cat -v
    return 1
  }
}

for view in fleet agents teams models tiers tasks task attempt price \
  decisions decision router bundles budgets attention dead search; do
  for format in once plain json csv; do
    read -ra words < <(args "$view")
    "$ACO_BIN" top "--$format" --view "$view" "${words[@]}" >"$tmp/out" 2>&1
    check "$view --$format" same "$tmp/out" "$tui_dir/$view-$format.screen"
    cp "$tmp/out" "$tmp/$view.$format"
  done
  # Nothing in names may steer a terminal or break a line.
  check "$view as text has no control character" \
    eval "! LC_ALL=C grep -q '[^[:print:][:blank:]]' <(LC_ALL=C tr -d '\200-\377' <'$tmp/$view.once')"
  check "$view as plain text has no drawing" \
    eval "! grep -q '[▁▂▃▄▅▆▇█├└─│›…▼▲]' <(tail -n +4 '$tmp/$view.plain')"
  # PostgreSQL reads our JSON; the rows are as many as in CSV.
  json="\$aco\$$(cat "$tmp/$view.json")\$aco\$::json"
  rows=$(lib_sql aco "SELECT json_array_length(($json)->'rows')")
  keys=$(lib_sql aco "SELECT string_agg(k, ',') FROM
    json_object_keys(($json)->'rows'->0) k")
  check "$view --json is JSON with rows" [ "${rows:-0}" -gt 0 ]
  check "$view --csv has the fields of --json" \
    [ "$(head -n 1 "$tmp/$view.csv" | tr -d '\r')" = "$keys" ]
done

# Money is exact: the fleet's spend is the ledger's, to the last digit.
json="\$aco\$$(cat "$tmp/fleet.json")\$aco\$::json"
check 'the spend of all rows is that of the ledger' [ "$(lib_sql aco "
  SELECT sum((r->>'cost_usd')::numeric) = (SELECT sum(cost_usd) FROM v_attempt)
  FROM json_array_elements(($json)->'rows') r")" = t ]
check 'and so is the total' [ "$(lib_sql aco "
  SELECT (($json)->'totals'->>'cost_usd')::numeric
    = (SELECT sum(cost_usd) FROM v_attempt)")" = t ]

# And that of what is exported, for people who add it up elsewhere.
exported() { # CLASS, or nothing
  local sum
  sum=$("$ACO_BIN" export attempts ${1:+--class "$1"} |
    sed -n 's/.*"cost_usd":"\([0-9.]*\)".*/\1::numeric/p' | paste -sd+)
  lib_sql aco "SELECT trim_scale($sum)"
}
shown() { # EXPRESSION
  lib_sql aco "SELECT trim_scale(($1)::numeric)"
}
check 'the total is that of aco export, to the last digit' \
  [ "$(shown "($json)->'totals'->>'cost_usd'")" = "$(exported)" ]
for class in coding legal; do
  check "so is the spend of $class" [ "$(shown "SELECT r->>'cost_usd'
    FROM json_array_elements(($json)->'rows') r
    WHERE r->>'task_class' = '$class'")" = "$(exported "$class")" ]
done

# In a pipe there is no screen to draw.
"$ACO_BIN" top | cat >"$tmp/out"
check 'in a pipe the screen is printed once' grep -q '^coding' "$tmp/out"
env LC_ALL=C "$ACO_BIN" top --once >"$tmp/out"
check 'in the C locale text is ASCII' \
  eval "! LC_ALL=C grep -q '[^ -~]' '$tmp/out'"

"$ACO_BIN" top --csv --interval 0.1 2>/dev/null | head -n 30 >"$tmp/out"
check '--interval prints again and again, the heading once' \
  [ "$(grep -c '^task_class' "$tmp/out")/$(grep -c '^legal' "$tmp/out")" = 1/4 ]

refuses() { # CODE PATTERN ARG...
  local code=$1 pattern=$2 got
  shift 2
  "$ACO_BIN" top "$@" >"$tmp/out" 2>"$tmp/err"
  got=$?
  check "top $* is refused with $code" [ "$got" -eq "$code" ]
  check 'and the reason given' grep -Eq -- "$pattern" "$tmp/err"
}
refuses 2 'exclude each other' --json --csv
refuses 2 "no view 'nosuch'" --view nosuch
refuses 2 'needs --task' --view task
refuses 2 'needs --task and --attempt' --attempt "$attempt"
refuses 2 'needs --price' --view price
refuses 2 'needs --decision' --view decision
refuses 2 'needs --search' --view search
refuses 1 'no agent' --agent nosuch --once
refuses 1 'no decision' --once \
  --decision 00000000-0000-0000-0000-000000000001
refuses 1 'no row' --bundle x --once
refuses 2 'shows all classes' --view fleet --class coding
refuses 2 'no theme' --theme pink
refuses 2 "no time zone 'Mars/Base'" --tz Mars/Base
refuses 2 "'soon' is no time" --since soon --once
refuses 2 'not later' --since 1h --until 2h --once
refuses 2 'seconds' --interval 0
refuses 2 'is too much' fleet
refuses 1 "no class 'nosuch'" --class nosuch --once
refuses 1 "no task 'nosuch'" --task nosuch --once
refuses 1 'no attempt' --task fix-flaky-test --once \
  --attempt 00000000-0000-0000-0000-000000000001
refuses 1 'no uuid' --task fix-flaky-test --attempt 17 --once

# An empty ledger says how to fill it.
lib_sql aco 'TRUNCATE attempt_rollup, task_rollup, attempt, task CASCADE' \
  >/dev/null
"$ACO_BIN" top --once >"$tmp/out"
check 'an empty ledger says how to bring data in' \
  grep -q 'aco import claude-code' "$tmp/out"
unset COLUMNS
tui_open 80x24
tui_wait 'aco import' && tui_screen empty-80x24

lib_end
