#!/bin/bash
# A bad environment: every command says what happened and what to do, ends with
# 1, and loses nothing. Once it is mended, the same command does its work.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh
export ACO_RETRY_SECONDS=1

"$gen" transcripts "$work/claude" 400 5 0 2 >"$work/truth" ||
  bail 'the generator failed'
import=(import -q claude-code "$work/claude")

# refuses NAME PART HINT COMMAND...: exit code 1, and both are said.
refuses() {
  local name=$1 part=$2 hint=$3 out code
  shift 3
  out=$(timeout 60 "$aco" "$@" 2>&1)
  code=$?
  is "$name: $1: the exit code" "$code" 1
  has "$name: $1: what happened" "$out" "$part"
  has "$name: $1: what to do" "$out" "$hint"
}

# The commands that need the database.
all_refuse() {
  refuses "$@" "${import[@]}"
  refuses "$@" export attempts
  refuses "$@" top --once
}

calls() { "$aco" export attempts | wc -l; }

# ---- no database ----
all_refuse 'never made' 'cannot connect' "run 'aco up'"
up
"$aco" down >/dev/null
all_refuse 'stopped' 'cannot connect' "run 'aco up'"
export ACO_DATABASE_URL='postgresql://127.0.0.1:1/aco'
all_refuse 'nobody there' 'cannot connect' 'check database_url'
refuses 'nobody there' 'cannot connect' 'check database_url' up
export ACO_DATABASE_URL='not a url'
all_refuse 'no url' 'cannot be understood' 'postgresql://USER@HOST'
unset ACO_DATABASE_URL
up
export ACO_DATABASE_URL="postgresql://aco@/missing?host=$sock"
all_refuse 'no such database' 'does not exist' "run 'aco up'"
unset ACO_DATABASE_URL

out=$(ACO_HOME=/dev/null/aco "$aco" up 2>&1)
is 'a home that cannot be: the exit code' $? 1
has 'a home that cannot be: what happened' "$out" '/dev/null/aco'

# ---- standard output ----
use outputs
"$aco" "${import[@]}" >/dev/null || bail 'import failed'
for command in 'export attempts' 'export tasks --csv' 'top --once' 'top --json' \
  'price list' 'doctor' 'config' 'help' '--version'; do
  # shellcheck disable=SC2086 # a list of words
  out=$("$aco" $command 2>&1 >/dev/full)
  is "full disk behind standard output: $command: the exit code" $? 1
  [ -n "$out" ] && has "and it is said: $command" "$out" 'aco: '
done
"$aco" export attempts --arrival 2>"$work/err" | head -n 1 >/dev/null
is 'a reader that left: the exit code' "${PIPESTATUS[0]}" 1
has 'a reader that left: it is said' "$(cat "$work/err")" 'Broken pipe'

# ---- read-only ----
use readonly
sql postgres 'ALTER DATABASE readonly SET default_transaction_read_only = on'
refuses 'read-only' 'read-only' 'primary' "${import[@]}"
refuses 'read-only' 'read-only' 'primary' doctor
is 'read-only: nothing came in, reading works' "$(calls)" 0
sql postgres 'ALTER DATABASE readonly RESET default_transaction_read_only'
check 'writable again: import' "$aco" "${import[@]}"
is 'writable again: all is there' "$(calls)" 400

# ---- another schema ----
use newer
sql newer 'UPDATE schema_migration SET version = version + 1000'
all_refuse 'a newer schema' 'schema version 1' 'at least as new'
refuses 'a newer schema' 'schema version 1' 'at least as new' up
use changed
sql changed "UPDATE schema_migration SET checksum = '\x00'"
all_refuse 'a changed migration' 'not the one that this aco has' 'another build'
sql postgres 'CREATE DATABASE empty OWNER aco'
export ACO_DATABASE_URL="postgresql://aco@/empty?host=$sock"
all_refuse 'an empty database' 'no ledger yet' "run 'aco up'"
check 'an empty database: aco up' "$aco" up
check 'an empty database: import' "$aco" "${import[@]}"

# ---- locked ----
# locked STATEMENT: a session that holds a lock until unlock.
locked() {
  coproc LOCK { psql -X -q -A -t \
    -d "postgresql://postgres@/locked?host=$sock" 2>&1; }
  printf 'BEGIN; %s; SELECT 1;\n' "$1" >&"${LOCK[1]}"
  read -r _ <&"${LOCK[0]}"
}
unlock() {
  printf 'COMMIT;\n\\q\n' >&"${LOCK[1]}"
  # shellcheck disable=SC2154 # coproc sets it
  wait "$LOCK_PID"
}
use locked
locked 'LOCK attempt, task IN ACCESS EXCLUSIVE MODE'
refuses 'a locked table' 'lock timeout' 'lock' "${import[@]}"
refuses 'a locked table' 'lock timeout' 'another session' export attempts
unlock
check 'unlocked: import' "$aco" "${import[@]}"
is 'unlocked: all is there' "$(calls)" 400

# ---- rights and room ----
use rights
sql rights 'ALTER TABLE attempt OWNER TO postgres'
refuses 'no rights' 'permission denied' 'rights' "${import[@]}"
sql rights 'ALTER TABLE attempt OWNER TO aco'
check 'rights: import' "$aco" "${import[@]}"
use crowded
sql postgres 'ALTER DATABASE crowded CONNECTION LIMIT 0'
all_refuse 'too many connections' 'too many connections' 'limit'

# ---- a full disk below the database ----
unset ACO_DATABASE_URL
"$aco" down >/dev/null
tiny=$work/tiny
mkdir "$tiny"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=110m,mode=755 aco "$tiny" \
  2>/dev/null; then
  trap '"$aco" down >/dev/null 2>&1; umount "$tiny"; lib_end' EXIT
  export ACO_HOME=$tiny/home
  up
  "$gen" transcripts "$work/more" 60000 5 0 2 >/dev/null
  out=$("$aco" import -q claude-code "$work/more" 2>&1 >/dev/null)
  is 'full disk: import: the exit code' $? 1
  has 'full disk: import: what happened' "$out" 'No space left'
  has 'full disk: import: what to do' "$out" 'run it again'
  out=$("$aco" doctor 2>&1)
  is 'full disk: doctor: the exit code' $? 1
  has 'full disk: doctor: what to do' "$out" 'free some space'
  mount -o remount,size=1g "$tiny"
  up
  check 'room again: import' "$aco" import -q claude-code "$work/more"
  is 'room again: all is there' "$(calls)" 60000
  check 'room again: doctor' "$aco" doctor --all
  [ "$bad" -eq 0 ] || sed 's/^/# /' "$ACO_HOME"/pg/log/post*.log | tail -n 40
  "$aco" down >/dev/null
else
  skip 'full disk' 'needs root and a tmpfs'
fi

finish
