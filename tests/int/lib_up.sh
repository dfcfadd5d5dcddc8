# shellcheck shell=bash disable=SC2034,SC2154
# Sourced after tap.sh by tests that need a cluster of their own, as `aco up`
# makes it, under $work:
#
#   up                    start it (again, after it was killed)
#   use NAME              a fresh database with the schema; aco talks to it
#   sql NAME STATEMENT    as superuser, first column of the rows
#   export_all FOLDER     every kind of export of the database in use
#   same NAME DIR1 DIR2   the exports are equal byte for byte
#
# $gen is the generator of tests/bench/gen.c.

aco=${ACO_BIN:-build/release/aco}
gen=$(dirname "$aco")/tests/bench/gen

for name in $(env | sed -n 's/^\(ACO_[A-Z_]*\)=.*/\1/p'); do
  case $name in
  ACO_BIN | ACO_KILL_*) ;;
  *) unset "$name" ;;
  esac
done
# The postgres user must be able to pass, when we are root.
chmod 755 "$work"
export ACO_HOME=$work/home ACO_CONFIG=/dev/null ACO_RETENTION_DAYS=0
export ACO_AUTOSTART=no
sock=$ACO_HOME/pg/run

lib_end() {
  unset ACO_DATABASE_URL
  "$aco" down >/dev/null 2>&1
  rm -rf "$work"
}
trap lib_end EXIT
trap 'exit 130' INT TERM

# What stops the whole test: nothing after it would mean anything.
bail() {
  printf 'Bail out! %s\n' "$1"
  exit 1
}

up() {
  (unset ACO_DATABASE_URL && exec "$aco" up) >"$work/up.log" 2>&1 ||
    bail "aco up: $(cat "$work/up.log")"
}

sql() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 \
    -d "postgresql://postgres@/$1?host=$sock" -c "$2"
}

use() {
  sql postgres "DROP DATABASE IF EXISTS $1" 2>/dev/null
  sql postgres "CREATE DATABASE $1 TEMPLATE aco OWNER aco" ||
    bail "cannot make database $1"
  export ACO_DATABASE_URL="postgresql://aco@/$1?host=$sock"
}

export_all() {
  local kind
  mkdir -p "$1"
  for kind in attempts tasks steps outcomes trials; do
    "$aco" export "$kind" >"$1/$kind" || return 1
  done
}

same() {
  local out
  if out=$(diff -rq "$2" "$3" 2>&1); then
    pass "$1"
  else
    fail "$1" "$out
$(diff -r "$2" "$3" | cut -c1-400 | head -n 20)"
  fi
}
