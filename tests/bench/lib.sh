# shellcheck shell=bash disable=SC2034
# Sourced by benchmarks. Each prints one line, or with --json one object:
#
#   NAME: ratio R (ours A UNIT, reference B UNIT, n runs)
#
# A and B are medians of runs that alternate, so that a slow minute of the
# machine meets both. The cluster is a private one as `aco up` makes it, with
# fsync on; each run has a database of its own.
#
#   . "$(dirname "$0")/lib.sh"
#   bench_start import_x rows/s "$@"
#   for ...; do ours "$rows" COMMAND...; reference "$rows" COMMAND...; done
#   bench_end
set -u

bench_json=no
bench_runs=${ACO_BENCH_RUNS:-5}
bench_work=
ours_all=() reference_all=()

# bench_skip REASON: say so and stop; not a failure.
bench_skip() {
  if [ "$bench_json" = yes ]; then
    jq -cn --arg n "$bench_name" --arg r "$1" '{name: $n, skipped: $r}'
  else
    echo "$bench_name: skipped ($1)"
  fi
  exit 0
}

bench_die() {
  echo "$bench_name: $1" >&2
  exit 1
}

bench_stop() {
  [ -z "$bench_work" ] && return
  unset ACO_DATABASE_URL
  "$aco" down >/dev/null 2>&1
  rm -rf "$bench_work"
}

# bench_start NAME UNIT [--json]: sets $aco $gen $bench_work, starts a cluster.
bench_start() {
  bench_name=$1 bench_unit=$2
  [ "${3-}" = --json ] && bench_json=yes
  aco=$ACO_BIN gen=$(dirname "$ACO_BIN")/tests/bench/gen
}

# Starts the cluster; $template is a database with schema and prices.
bench_cluster() {
  bench_work=$(mktemp -d "${TMPDIR:-/tmp}/aco-bench-XXXXXX") || exit 1
  trap bench_stop EXIT
  trap 'exit 130' INT TERM
  chmod 755 "$bench_work"
  export ACO_HOME=$bench_work/home ACO_CONFIG=/dev/null ACO_RETENTION_DAYS=0
  export ACO_AUTOSTART=no
  unset ACO_DATABASE_URL
  "$aco" up >"$bench_work/up.log" 2>&1 ||
    bench_die "aco up: $(cat "$bench_work/up.log")"
}

# sql DATABASE STATEMENT
sql() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 \
    -d "postgresql://postgres@/$1?host=$ACO_HOME/pg/run" -c "$2"
}

# A fresh ledger that aco talks to: database bench.
fresh() {
  sql postgres 'DROP DATABASE IF EXISTS bench' 2>/dev/null
  sql postgres 'CREATE DATABASE bench TEMPLATE aco OWNER aco'
  sql postgres CHECKPOINT || bench_die 'no fresh database'
  export ACO_DATABASE_URL="postgresql://aco@/bench?host=$ACO_HOME/pg/run"
}

# keep TABLE: the rows of the ledger in use into a file, for raw_copy.
keep() {
  sql bench "\\copy (SELECT * FROM $1) TO '$bench_work/rows' (FORMAT binary)"
}

# raw TABLE: an empty table of the same columns, logged, without indexes.
raw() {
  sql bench "DROP TABLE IF EXISTS raw" 2>/dev/null
  sql bench "CREATE TABLE raw (LIKE $1)"
  sql postgres CHECKPOINT || bench_die 'no table for COPY'
}

raw_copy() { sql bench "\\copy raw FROM '$bench_work/rows' (FORMAT binary)"; }

# seconds COMMAND...: how long it took, in $took; the command must succeed.
seconds() {
  local from=$EPOCHREALTIME
  "$@" >"$bench_work/log" 2>&1 ||
    bench_die "$1 failed: $(tail -n 5 "$bench_work/log")"
  took=$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
}

rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.1f", n / s }'; }

ours() {
  local n=$1
  shift
  seconds "$@"
  ours_all+=("$(rate "$n" "$took")")
}

reference() {
  local n=$1
  shift
  seconds "$@"
  reference_all+=("$(rate "$n" "$took")")
}

median() {
  printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 }
    END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'
}

# sample LABEL ROWS COMMAND...: of a table; the last line that the command
# prints is how many seconds its rows took.
declare -A samples=()
labels=()
sample() {
  local label=$1 n=$2
  shift 2
  "$@" >"$bench_work/log" 2>&1 ||
    bench_die "$label failed: $(tail -n 5 "$bench_work/log")"
  [ -n "${samples[$label]-}" ] || labels+=("$label")
  samples[$label]+="$(rate "$n" "$(tail -n 1 "$bench_work/log")") "
}

# bench_table LABEL: a line for each label, with its ratio to that one.
bench_table() {
  local label r m
  # shellcheck disable=SC2086 # a list of numbers
  r=$(median ${samples[$1]})
  [ "$bench_json" = yes ] ||
    printf '%s: %-34s %12s %8s\n' "$bench_name" '' "$bench_unit" ratio
  for label in "${labels[@]}"; do
    # shellcheck disable=SC2086
    m=$(median ${samples[$label]})
    if [ "$bench_json" = yes ]; then
      # shellcheck disable=SC2086
      jq -cn --arg name "$bench_name" --arg way "$label" --argjson median "$m" \
        --arg unit "$bench_unit" --argjson all "$(list ${samples[$label]})" \
        --argjson ratio "$(awk -v a="$m" -v b="$r" 'BEGIN { printf "%.3f", a / b }')" \
        '{name: $name, way: $way, median: $median, unit: $unit, ratio: $ratio,
          all: $all}'
    else
      awk -v n="$bench_name" -v l="$label" -v a="$m" -v b="$r" \
        'BEGIN { printf "%s: %-34s %12.0f %8.3f\n", n, l, a, a / b }'
    fi
  done
}

list() { printf '%s\n' "$@" | jq -cs .; }

bench_end() {
  local a b r
  a=$(median "${ours_all[@]}") b=$(median "${reference_all[@]}")
  r=$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.3f", a / b }')
  if [ "$bench_json" = yes ]; then
    jq -cn --arg name "$bench_name" --arg unit "$bench_unit" \
      --argjson ratio "$r" --argjson ours "$a" --argjson reference "$b" \
      --argjson ours_all "$(list "${ours_all[@]}")" \
      --argjson reference_all "$(list "${reference_all[@]}")" \
      '{name: $name, ratio: $ratio, ours: $ours, reference: $reference,
        unit: $unit, runs: ($ours_all | length), ours_all: $ours_all,
        reference_all: $reference_all}'
  else
    printf '%s: ratio %s (ours %.0f %s, reference %.0f %s, %d runs)\n' \
      "$bench_name" "$r" "$a" "$bench_unit" "$b" "$bench_unit" \
      "${#ours_all[@]}"
  fi
}
