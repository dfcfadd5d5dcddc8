# Sourced by shell tests: a private PostgreSQL that is gone when the test is,
# and what tap.sh has.
#
#   . "$(dirname "$0")/../lib.sh"
#   lib_start                  # ACO_DATABASE_URL names an empty database
#   "$ACO_BIN" up
#   pass 'what was seen' / fail 'what was not' / check 'label' COMMAND...
#   lib_end                    # TAP plan; the exit code
#
# $tmp is a folder of the test's own. Nothing of the caller's configuration
# reaches what is tested.
# shellcheck shell=bash

set -u
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

LC_ALL=C.UTF-8
export LC_ALL
unset ACO_CONFIG ACO_HOME ACO_DATABASE_URL ACO_NOW XDG_CONFIG_HOME XDG_DATA_HOME
: "${ACO_BIN:=$PWD/build/dev/aco}"
export ACO_BIN

tmp=$work
chmod 755 "$tmp"
export ACO_HOME=$tmp/home

lib_bin() {
  if [ -n "${ACO_PG_BIN-}" ]; then
    printf '%s\n' "$ACO_PG_BIN"
  else
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1
  fi
}

# Runs a program of PostgreSQL as the user that may run it.
lib_as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    (cd / && "$@")
  fi
}

lib_cleanup() {
  local pid_file pid
  # Every server that runs in our folder, `aco up`'s own included.
  while IFS= read -r pid_file; do
    pid=$(head -n 1 "$pid_file")
    if [ "$(readlink "/proc/$pid/cwd")" = "$(dirname "$pid_file")" ]; then
      kill -QUIT "$pid"
      while [ -e "$pid_file" ] && [ -e "/proc/$pid/cwd" ]; do sleep 0.05; done
    fi
  done < <(find "$tmp" -name postmaster.pid 2>/dev/null)
  rm -rf "$tmp"
}
trap lib_cleanup EXIT
trap 'exit 1' HUP INT TERM

lib_start() {
  local bin
  bin=$(lib_bin)
  mkdir -m 700 "$tmp/pg"
  [ "$(id -u)" -ne 0 ] || chown postgres "$tmp/pg"
  lib_as_postgres "$bin/initdb" -D "$tmp/pg/data" -U postgres -A trust -E UTF8 \
    --locale=C --no-sync --no-instructions >"$tmp/initdb.log" || {
    cat "$tmp/initdb.log"
    exit 1
  }
  printf '%s\n' "listen_addresses = ''" 'unix_socket_permissions = 0700' \
    'fsync = off' 'timezone = UTC' >>"$tmp/pg/data/postgresql.conf"
  lib_as_postgres "$bin/pg_ctl" start -w -s -D "$tmp/pg/data" -l "$tmp/pg/log" \
    -o "-k $tmp/pg" || exit 1
  lib_sql postgres 'CREATE DATABASE aco' >/dev/null || exit 1
  export ACO_DATABASE_URL="postgresql:///aco?host=$tmp/pg&user=postgres"
}

# lib_sql DATABASE SQL: unaligned rows without headings.
lib_sql() {
  "$(lib_bin)/psql" -XAtq -v ON_ERROR_STOP=1 -h "$tmp/pg" -U postgres -d "$1" \
    -c "$2"
}

lib_end() {
  if [ "$bad" -gt 0 ] && [ -e "$tmp/pg/log" ]; then
    tail -n 60 "$tmp/pg/log" | sed 's/^/# /'
  fi
  finish
}
