#!/bin/bash
# Without a database: what is said, that keys go on working, and that the
# connection is mended by itself.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed

server() { # start | stop
  case $1 in
  start) lib_as_postgres "$(lib_bin)/pg_ctl" start -w -s -D "$tmp/pg/data" \
    -l "$tmp/pg/log" -o "-k $tmp/pg" ;;
  stop) lib_as_postgres "$(lib_bin)/pg_ctl" stop -w -s -m immediate \
    -D "$tmp/pg/data" ;;
  esac
}
shows() { check "$1" tui_until tui_matches "$2"; }

server stop
"$ACO_BIN" top --once >"$tmp/out" 2>"$tmp/err"
code=$?
check '--once without a database fails' [ "$code" -eq 1 ]
check 'prints nothing' [ ! -s "$tmp/out" ]
check 'and says what to do' grep -q '^hint: ' "$tmp/err"

tui_open 100x30
shows 'the screen says that there is no database' 'no database for'
hint=$(sed -n 's/^hint: //p' "$tmp/err")
shows 'and what to do, before anything was read' "^  ${hint:0:24}"
tui_keys '?'
shows 'keys work all the same' 'Backspace +go back'
tui_keys q
server start
shows 'and data comes when the database does' '^coding'

server stop
shows 'a database that is lost is said' 'no database for'
shows 'what was read stays' '^coding'
tui_keys j Enter
shows 'and one can move' 'fleet › legal'
server start
shows 'until it is back' 'session-006'
check 'and nothing is said any more' tui_until eval '! tui_matches "no database"'
tui_keys q
tui_wait '^coding'
tui_keys q
check 'the dashboard ends' tui_until tui_dead
tui_close

# A schema that this program does not know.
lib_sql aco 'DELETE FROM schema_migration' >/dev/null
"$ACO_BIN" top --once >"$tmp/out" 2>"$tmp/err"
code=$?
check 'a foreign schema is refused' [ "$code" -eq 1 ]
check 'with advice' grep -q '^hint: .*aco up' "$tmp/err"

lib_end
