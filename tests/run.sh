#!/bin/bash
# Runs tests and counts them. The Makefile calls it, from the top folder:
#   run.sh cases OUT KIND...   the built tests of OUT; KIND: unit int tui
#   run.sh fuzz OUT SECONDS    every fuzzer of OUT for SECONDS
#   run.sh bench OUT           every benchmark of OUT
#   run.sh cover OUT           unit and int, then lines reached by file
#   run.sh all                 what `make test` promises
# ONLY=name picks tests whose file name contains it; JOBS=N runs so many at a
# time (two for each processor: much of it waits for disks). A program that
# passes takes a line; of one that fails, the whole output is printed. The last
# line says `N passed, N failed` (and `, N skipped`); the exit code is 1 on any
# failure.
set -u
cd "$(dirname "$0")/.." || exit 1

B=${B:-build} # where the Makefile builds
passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'kill $(jobs -rp) 2>/dev/null; wait; exit 1' HUP INT TERM

export LC_ALL=C.UTF-8 TZ=UTC
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export CMOCKA_MESSAGE_OUTPUT=TAP
# Tests must not see the configuration of whoever runs them.
unset ACO_CONFIG ACO_HOME ACO_DATABASE_URL ACO_NOW XDG_CONFIG_HOME \
  XDG_DATA_HOME NO_COLOR

say() { printf '%s\n' "$*"; }

# tap FILE: prints "ok bad skip" of TAP output. cmocka marks a skipped case as
# `not ok N # SKIP name`; `1..0 # SKIP why` is a whole file that was left out.
tap() {
  awk '/^(not )?ok/ && toupper($0) ~ /# SKIP/ { skip++; next }
    /^1\.\.0/ && toupper($0) ~ /# SKIP/ { skip++; next }
    /^ok/ { ok++ }
    /^not ok/ { bad++ }
    /^1\.\.[0-9]+$/ { plan += substr($0, 4) }
    END {
      if (plan > ok + bad + skip) bad += plan - ok - bad - skip
      print ok + 0, bad + 0, skip + 0
    }' "$1"
}

# Programs run JOBS at a time and are reported in the order in which they were
# started. start LABEL SECONDS COMMAND...: one of them.
JOBS=${JOBS:-$((2 * $(nproc)))}
started=0 reported=0
how=tap # or step: what their output is

start() {
  local label=$1 limit=$2 out=$tmp/$started
  shift 2
  while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do
    wait -n
    report
  done
  echo "$label" >"$out.label"
  echo "$limit" >"$out.limit"
  {
    begun=$SECONDS
    timeout --kill-after=10 "$limit" "$@" >"$out.out" 2>&1 </dev/null &
    trap 'kill $! && wait $!; exit' TERM
    wait $!
    echo $? $((SECONDS - begun)) >"$out.rc~"
    mv "$out.rc~" "$out.rc"
  } &
  started=$((started + 1))
}

# What has ended, as far as everything before it has.
report() {
  while [ -e "$tmp/$reported.rc" ]; do
    "report_$how" "$reported"
    rm -f "$tmp/$reported".*
    reported=$((reported + 1))
  done
}

# report_tap N: counts and tells what test program N printed.
report_tap() {
  local out=$tmp/$1.out label rc ok bad skip note="" took
  label=$(<"$tmp/$1.label")
  read -r rc took <"$tmp/$1.rc"
  read -r ok bad skip < <(tap "$out")
  if [ "$took" -ge "$(<"$tmp/$1.limit")" ]; then note=' (took too long)'; fi
  # It failed although no case says so, or it ran nothing at all.
  if [ "$bad" -eq 0 ] && { [ "$rc" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
    bad=1
  fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  if [ "$bad" -gt 0 ]; then
    say "FAIL $label: $bad of $((ok + bad)), exit code $rc$note"
    sed 's/^/  | /' "$out"
  elif [ "$skip" -gt 0 ]; then
    say "ok   $label ($ok, $skip skipped, $took s)"
    grep '# SKIP' "$out" | sed 's/^/  | /'
  else
    say "ok   $label ($ok, $took s)"
  fi
}

# report_step N: program N is one case: its exit code.
report_step() {
  local label rc took
  label=$(<"$tmp/$1.label")
  read -r rc took <"$tmp/$1.rc"
  if [ "$rc" -eq 0 ]; then
    passed=$((passed + 1))
    say "ok   $label ($took s)"
  else
    failed=$((failed + 1))
    say "FAIL $label"
    sed 's/^/  | /' "$tmp/$1.out"
  fi
}

report_rest() {
  while [ "$reported" -lt "$started" ]; do
    wait -n
    report
  done
}

# step LABEL COMMAND...: one thing that must succeed, counted as one case.
step() {
  local label=$1 start=$SECONDS
  shift
  if "$@" >"$tmp/out" 2>&1 </dev/null; then
    passed=$((passed + 1))
    say "ok   $label ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    say "FAIL $label: $*"
    sed 's/^/  | /' "$tmp/out"
    return 1
  fi
}

# wanted FILE: whether it exists (a glob may have matched nothing) and ONLY, if
# given, is part of its name.
wanted() {
  [ -e "$1" ] && [[ $1 == *"${ONLY-}"* ]]
}

cases() {
  local out=$1 kind f limit=${LIMIT:-900} # seconds, for a machine that is busy
  shift
  how=tap
  ACO_BIN=$(realpath "$out/aco")
  export ACO_BIN
  for kind in "$@"; do
    for f in tests/"$kind"/test_*.c tests/"$kind"/*.sh; do
      wanted "$f" || continue
      case $f in
      */lib*.sh | */harness*.sh) ;; # sourced by others
      *.c) start "${f#tests/}" "$limit" "$out/${f%.c}" ;;
      *.sh) start "${f#tests/}" "$limit" bash "$f" ;;
      esac
    done
  done
  report_rest
}

fuzz() {
  local out=$1 seconds=$2 f name dict corpus
  how=step
  for f in tests/fuzz/fuzz_*.c; do
    wanted "$f" || continue
    name=$(basename "$f" .c)
    name=${name#fuzz_}
    mkdir -p "$out/corpus/$name"
    corpus=("$out/corpus/$name")
    [ -d "tests/fuzz/corpus/$name" ] && corpus+=("tests/fuzz/corpus/$name")
    dict=()
    [ -e "tests/fuzz/$name.dict" ] && dict=("-dict=tests/fuzz/$name.dict")
    start "fuzz/$name" $((seconds + 60)) "$out/${f%.c}" \
      -max_total_time="$seconds" \
      -timeout=10 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 \
      -artifact_prefix="$out/fuzz_$name-" "${dict[@]}" "${corpus[@]}"
  done
  report_rest
}

bench() {
  local out=$1 f rc=0
  local args=()
  [ -n "${JSON-}" ] && args=(--json)
  ACO_BIN=$(realpath "$out/aco")
  export ACO_BIN
  for f in tests/bench/bench_*; do
    wanted "$f" || continue
    case $f in
    *.c) "$out/${f%.c}" "${args[@]}" || rc=1 ;;
    *.sh) bash "$f" "${args[@]}" || rc=1 ;;
    esac
  done
  exit "$rc"
}

cover() {
  local out=$1
  cases "$out" unit int
  say
  (cd "$out" && find . -name '*.gcno' ! -path './tests/*' ! -path './gen/*' \
    -exec gcov -n -s "$PWD" {} + 2>/dev/null) |
    awk '/^File / { gsub(/\047/, "", $2); file = $2 }
      /^Lines executed:/ && file ~ /\.c$/ && file !~ /^\// {
        split($2, part, /[:%]/); printf "%6.1f %%  %s\n", part[2], file
        file = ""
      }' | sort -k3
}

# A release build from nothing, in which a warning is a failure.
release() {
  rm -rf "$B/release"
  make "$1" MODE=release all >"$tmp/release" 2>&1 || {
    cat "$tmp/release"
    return 1
  }
  ! grep -B 2 -A 5 'warning:' "$tmp/release"
}

# Installs what was built and runs it from there.
smoke() {
  set -e
  local root=$tmp/root aco=$tmp/root/usr/bin/aco
  make install DESTDIR="$root" PREFIX=/usr
  "$aco" --version
  "$aco" help
  "$aco" config --json
  test -s "$root/usr/share/man/man1/aco.1"
  make uninstall DESTDIR="$root" PREFIX=/usr
  test ! -e "$aco"
}

all() {
  local jobs
  jobs=-j$(nproc)
  unset MAKEFLAGS MFLAGS MAKEOVERRIDES
  step 'build: gcc dev -Werror' make "$jobs" MODE=dev all tests
  step 'lint' make MODE=dev lint
  step 'build: clang dev -Werror' make "$jobs" MODE=dev CC=clang all tests
  if step 'build: gcc asan' make "$jobs" MODE=asan all tests; then
    cases "$B/asan" unit int tui
  fi
  # Other optimisations, other warnings: a release must have none, either.
  step 'build: gcc release' release "$jobs" &&
    step 'release: install, run, uninstall' smoke
  step 'build: fuzzers' make "$jobs" fuzz-build &&
    fuzz "$B/fuzz-clang" "${FUZZ_SECONDS:-5}"
}

finish() {
  local skips=
  [ "$skipped" -gt 0 ] && skips=", $skipped skipped"
  say "$passed passed, $failed failed$skips"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

verb=${1-}
shift
case $verb in
all | cases | fuzz | cover)
  "$verb" "$@"
  finish
  ;;
bench) bench "$@" ;;
*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
