#!/bin/bash
# The schema of a fresh database as one file, for reading.
#   schema.sh ACO FILE          write it
#   schema.sh --check ACO FILE  exit code 1 and a diff if FILE is not it
# ACO is the program whose migrations make the database.
set -u
check=
[ "${1-}" != --check ] || { check=1 && shift; }
aco=${1:?aco} file=${2:?file}
ACO_BIN=$(realpath "$aco") || exit 1

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# What says which program wrote the dump, when, or in what session goes out;
# so do rights, owners and statistics. Runs of blank lines become one.
normalise() {
  printf '%s\n' '-- The schema of a fresh database: for reading, never for' \
    "-- loading. Written by 'make sql-schema' from sql/migrations." ''
  sed -e '/^-- Dumped /d' -e '/^-- PostgreSQL database dump/d' \
    -e '/^\\restrict /d' -e '/^\\unrestrict /d' -e '/^SET /d' \
    -e '/^SELECT pg_catalog.set_config/d' -e '/^--$/d' \
    -e 's/^\(-- Name: .*\); Schema: .*/\1/' -e 's/[ \t]*$//' |
    cat -s | sed -e '1{/^$/d}' -e '${/^$/d}'
}

lib_start
# Days made ahead depend on today: only what migrations make is shown.
"$ACO_BIN" up >/dev/null || exit 1
lib_sql aco "SELECT format('DROP TABLE %s', c.oid::regclass)
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE c.relname ~ '_[0-9]{8}\$' AND c.relname !~ '_19700101\$'" |
  while read -r drop; do lib_sql aco "$drop"; done

"$(lib_bin)/pg_dump" -s --no-owner --no-privileges -h "$tmp/pg" -U postgres \
  aco >"$tmp/dump.sql" || exit 1
normalise <"$tmp/dump.sql" >"$tmp/schema.sql"

if [ -n "$check" ]; then
  diff -u "$file" "$tmp/schema.sql"
else
  cp "$tmp/schema.sql" "$file"
fi
