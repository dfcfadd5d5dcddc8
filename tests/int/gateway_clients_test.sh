#!/bin/bash
# Real clients from npm through the gateway, in front of aco mock: the same
# results as without the gateway, and a row for each call with the tokens that
# the client was told. Skipped where npm is not there.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh
# shellcheck source=tests/int/lib_npm.sh
. tests/int/lib_npm.sh
# shellcheck source=tests/int/lib_serve.sh
. tests/int/lib_serve.sh

npm_use 'real clients through the gateway'
here=$PWD/tests/int
mock=''
end() {
  [ -z "$mock" ] || kill "$mock" 2>/dev/null
  [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
  lib_end
}
trap end EXIT

"$aco" mock --ttft 0 --gap 0 --no-cache >"$work/mock.out" 2>"$work/mock.err" &
mock=$!
for ((k = 0; k < 200; k++)); do
  [ -s "$work/mock.out" ] && break
  sleep 0.05
done
provider=$(grep -o 'http://[0-9.:]*' "$work/mock.out" | head -n 1)
[ -n "$provider" ] || bail "aco mock: $(cat "$work/mock.out" "$work/mock.err")"

up
export OPENAI_API_KEY=x ANTHROPIC_API_KEY=x
export ACO_OPENAI_BASE_URL=$provider/v1 ACO_ANTHROPIC_BASE_URL=$provider
export ACO_ROUTE_MODE=live ACO_ROUTE_EXPLORE_PERMILLE=0
for m in gpt-5-mini:2 gpt-5:4 claude-haiku-4-5:2 claude-opus-4-5:5; do
  "$aco" model set "${m%:*}" --tier "${m#*:}" --enable >/dev/null ||
    bail 'aco model set'
done
serve_start --workers 2

client() {
  (cd "$modules" && timeout 120 node "$here/gateway_clients.mjs" "$1" "$2") \
    2>"$work/client.err"
}

rows() {
  sql aco "SELECT count(*), coalesce(sum(uncached_in + coalesce(cache_read, 0) +
    coalesce(cache_write_5m, 0)), 0), coalesce(sum(coalesce(output, 0)), 0)
    FROM attempt WHERE status = 'ok'"
}

empty() {
  sql aco 'TRUNCATE attempt, attempt_key, step, task, task_cost, task_open, claim, outcome,
    attempt_rollup, task_rollup' >/dev/null
}

number() { printf '%s' "$2" | grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2; }

# same NAME [CALLS TOKENS-IN TOKENS-OUT]: through the gateway as without it,
# and the rows say what the client was told.
same() {
  local direct through
  empty
  direct=$(client "$1" "$provider") || {
    fail "$1 without the gateway" "$(tail -n 20 "$work/client.err")"
    return
  }
  through=$(client "$1" "$url") || {
    fail "$1 through the gateway" "$(tail -n 20 "$work/client.err")"
    return
  }
  is "$1: the same result" "$through" "$direct"
  counted "$1" "$through"
}

counted() {
  local n in out
  n=$(number calls "$2") in=$(number in "$2") out=$(number out "$2")
  if [ "$in" = 0 ]; then # it was not told
    eventually "$1: rows" "$n" sh_count
    return
  fi
  eventually "$1: the rows" "$n|$in|$out" rows
}
sh_count() { rows | cut -d'|' -f1; }

for c in chat chat-stream responses responses-stream embeddings claude \
  claude-stream ai-responses ai-chat ai-claude codex; do
  same "$c"
done
is 'the task of Codex' "$(sql aco "SELECT DISTINCT s.name FROM task t
  JOIN dict s ON s.id = t.sender_id")" codex

# Two turns with `auto`: whoever served the first serves the second, though a
# class with a higher floor comes; another family would refuse the prefix.
for c in claude-turns gpt-turns; do
  empty
  if got=$(client "$c" "$url"); then
    pass "$c: two turns"
    counted "$c" "$got"
    is "$c: one model" "$(sql aco 'SELECT count(DISTINCT model_id)
      FROM attempt')" 1
  else
    fail "$c: two turns" "$(tail -n 20 "$work/client.err")"
  fi
done

if got=$(client lists "$url"); then
  is 'the lists of models' "$(printf '%s' "$got" | sed 's/.*"said"://')" \
    '[["auto","gpt-5","gpt-5-mini"],"auto",["auto","claude-haiku-4-5","claude-opus-4-5"],"auto"]}'
else
  fail 'the lists of models' "$(tail -n 20 "$work/client.err")"
fi

serve_stop
is 'nothing refused' "$(sql aco 'SELECT count(*) FROM dead_letter')" 0
check 'the ledger is well' "$aco" doctor --all
finish
