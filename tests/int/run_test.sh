#!/bin/bash
# `make run`: what ledger/run.sh does, from a path with spaces, as root and as
# an ordinary user, twice, interrupted, and what it leaves behind (nothing).
set -um # -m: a job is a process group, which an interrupt reaches whole
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh

bin=${ACO_BIN:-build/release/aco}
chmod 755 "$work"
trap 'kill -KILL $(servers) 2>/dev/null; rm -rf "$work"' EXIT

# A checkout: only what a run needs, the program built already.
checkout() {
  mkdir -p "$1/build" "$1/ledger" "$1/tests"
  cp "$bin" "$1/build/aco"
  cp ledger/run.sh "$1/ledger/"
  cp -r tests/data "$1/tests/"
}

# Servers that run from inside $work.
servers() {
  local pid
  for pid in /proc/[0-9]*; do
    case $(readlink "$pid/cwd" 2>/dev/null) in
    "$work"/*) echo "${pid#/proc/}" ;;
    esac
  done
}

# The fleet of `aco demo` is shown in the first run alone, to save time.
what=
run() {
  # shellcheck disable=SC2086 # nothing, or a word
  (cd "$1" && shift && env ACO_DATABASE_URL=postgresql:///not-this-one \
    ACO_TEAM=not-this-team "$@" ledger/run.sh build/aco $what)
}

here="$work/a path with spaces"
checkout "$here"
out=$(run "$here" 2>&1 </dev/null)
is 'a first run succeeds' $? 0
has 'it begins with a fleet' "$out" 'ledger simulated'
has 'it shows the dashboard' "$out" 'coding'
has 'every kind came in' "$out" 'aco import outcomes'
has 'it says how to go on' "$out" 'build/aco import claude-code'
is 'nothing is left running' "$(servers)" ''
last=$(printf '%s\n' "$out" | tail -n 1)
has 'the last word is how to go on' "$last" 'build/aco demo'

what=sessions
out=$(run "$here" 2>&1 </dev/null)
is 'a second run succeeds' $? 0
has 'and finds the files unchanged' "$out" '1 unchanged'
case $out in
*'calls     1 new'*) fail 'and adds nothing' "$out" ;;
*) pass 'and adds nothing' ;;
esac
is 'nothing is left running then' "$(servers)" ''

if [ "$(id -u)" -eq 0 ]; then
  theirs=$work/theirs
  checkout "$theirs"
  chown -R nobody "$theirs"
  out=$(run "$theirs" runuser -u nobody -- 2>&1 </dev/null)
  is 'an ordinary user can run it' $? 0
  has 'and sees the dashboard' "$out" 'coding'
  is 'nothing of theirs is left running' "$(servers)" ''
  # After root was there, in a folder that is theirs.
  chown -R nobody "$here"
  chown root "$here/build/home"
  out=$(run "$here" runuser -u nobody -- 2>&1 </dev/null)
  is 'also after root has run it' $? 0
else
  skip 'an ordinary user can run it' 'this is one already'
fi

# interrupt NAME FOLDER TEXT: once TEXT is in the output.
interrupt() {
  local job
  run "$2" >"$work/log" 2>&1 </dev/null &
  job=$!
  for ((i = 0; i < 600; i++)); do
    grep -q "$3" "$work/log" 2>/dev/null && break
    kill -0 "$job" 2>/dev/null || break
    sleep 0.05
  done
  kill -INT -- "-$job"
  wait "$job"
  is "interrupted $1: the exit code" $? 130
  is "interrupted $1: nothing is left running" "$(servers)" ''
}
fresh=$work/fresh
checkout "$fresh"
what=
interrupt 'while the fleet is made' "$fresh" 'a simulated fleet'
what=sessions
interrupt 'while it makes the cluster' "$fresh" 'a private PostgreSQL'
interrupt 'while it imports' "$fresh" 'aco import codex'
out=$(run "$fresh" 2>&1 </dev/null)
is 'a run after that succeeds' $? 0
has 'and shows the dashboard' "$out" 'coding'

# ---- packages ----
mkdir "$work/fake"
for name in apt-get sudo; do
  printf '#!/bin/sh\necho "%s $*" >>"%s/called"\n' "$name" "$work" \
    >"$work/fake/$name"
done
chmod +x "$work/fake/"*
if command -v dpkg-query >/dev/null; then
  out=$(PATH=$work/fake:$PATH tests/deps.sh base-files)
  has 'with all packages there is nothing to do' "$out" 'all packages'
  is 'and apt-get is not called' "$(cat "$work/called" 2>/dev/null)" ''
  out=$(PATH=$work/fake:$PATH tests/deps.sh base-files aco-no-such-package)
  has 'a missing package is named' "$out" 'missing: aco-no-such-package'
  has 'and only that is installed' "$(tail -n 1 "$work/called")" \
    'apt-get install -q -y --no-install-recommends aco-no-such-package'
else
  skip 'packages' 'this is not Debian'
fi

finish
