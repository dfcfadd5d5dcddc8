#!/bin/bash
# sql/schema.sql is the schema that the migrations make.
set -u
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
# Versions of pg_dump differ in how they spell things; the file was written by
# this one.
if [ "$("$bin/pg_dump" --version | grep -oE '[0-9]+' | head -n 1)" = 15 ]; then
  check 'sql/schema.sql is current (else: make sql-schema)' \
    tests/schema.sh --check "$ACO_BIN" sql/schema.sql
else
  skip 'sql/schema.sql is current' 'it was written with pg_dump 15'
fi
finish
