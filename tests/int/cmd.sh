#!/bin/bash
# The command line as a whole, and that what is generated from the tables and
# committed (man page, sample configuration) is up to date.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

export HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work/data

# run COMMAND...: sets out, err and code.
run() {
  "$@" >"$work/out" 2>"$work/err"
  code=$?
  out=$(<"$work/out") err=$(<"$work/err")
}

commands=$("$ACO_BIN" help | awk '/^commands:/ { on = 1; next }
  on && NF == 0 { exit } on { print $1 }')

# ---- what is committed is what is generated ----

"$ACO_BIN" help --man >"$work/aco.1"
is 'the man page is up to date (make man)' \
  "$(diff -u ledger/base/aco.1 "$work/aco.1" 2>&1)" ''
"$ACO_BIN" config --sample >"$work/aco.conf"
is 'the sample configuration is up to date (make man)' \
  "$(diff -u ledger/base/aco.conf "$work/aco.conf" 2>&1)" ''
if command -v mandoc >/dev/null; then
  is 'mandoc has nothing to say' "$(mandoc -Tlint "$work/aco.1" 2>&1)" ''
else
  skip 'mandoc has nothing to say' 'no mandoc'
fi
check 'the sample is accepted as a configuration' \
  "$ACO_BIN" --config "$work/aco.conf" config

# ---- every command ----

sources=$(sed -n 's/.*const struct command command_\([a-z_]*\) = {.*/\1/p' \
  aco.c ledger/*.c ledger/base/*.c router/*.c ingest/*.c tui/*.c 2>/dev/null |
  sort)
is 'every command that exists is in the table' \
  "$(printf '%s\n' "$commands" | sort)" "$sources"

page=$(mandoc -Tascii "$work/aco.1" 2>/dev/null | col -b)
for c in $commands; do
  run "$ACO_BIN" "$c" --help
  is "$c --help: exit code" "$code" 0
  has "$c --help: usage line" "$out" "usage: aco $c"
  is "$c --help: fits a terminal" "$(awk 'length > 80' <<<"$out")" ''
  is "help $c says the same" "$("$ACO_BIN" help "$c")" "$out"
  # Every option is in the man page.
  while read -r option; do
    grep -q -e "Fl Fl ${option#--}\$" -e "Fl Fl ${option#--} " \
      ledger/base/aco.1 || fail "$c $option is in the man page"
  done < <(printf '%s\n' "$out" | grep -o '^  .. *--[a-z0-9-]*' |
    grep -o -e '--[a-z0-9-]*' | grep -v -x -e --help)
  run "$ACO_BIN" "$c" --no-such-option
  is "$c --no-such-option: exit code" "$code" 2
  has "$c --no-such-option: says what to try" "$err" "try 'aco "
  is "$c --no-such-option: nothing on standard output" "$out" ''
done
has 'the man page names its sections' "$page" 'EXIT STATUS'

# ---- the frame ----

run "$ACO_BIN"
is 'no command: exit code' "$code" 2
has 'no command: overview' "$out$err" 'usage: aco'
run "$ACO_BIN" --version
is 'version: exit code' "$code" 0
has 'version' "$out" 'aco 0.'
run "$ACO_BIN" conifg
is 'unknown command: exit code' "$code" 2
has 'unknown command: suggestion' "$err" "did you mean 'config'?"
run "$ACO_BIN" help conifg
is 'help for an unknown command: exit code' "$code" 2
run "$ACO_BIN" --no-such
is 'unknown global option: exit code' "$code" 2
run "$ACO_BIN" --config
is '--config without FILE: exit code' "$code" 2
run "$ACO_BIN" --config "$work/none" config
is 'missing configuration: exit code' "$code" 1
has 'missing configuration: message' "$err" "$work/none: No such file"
printf '[aco]\ntaem = x\n' >"$work/bad.conf"
run "$ACO_BIN" "--config=$work/bad.conf" config
is 'bad configuration: exit code' "$code" 1
has 'bad configuration: where and what' "$err" \
  "$work/bad.conf:2: unknown key 'taem'"
check 'help works with a bad configuration' \
  env ACO_CONFIG="$work/bad.conf" "$ACO_BIN" help config
check '--help works with a bad configuration' \
  env ACO_CONFIG="$work/bad.conf" "$ACO_BIN" config --help

# ---- standard output ----

"$ACO_BIN" help >/dev/full 2>"$work/err"
is 'full disk: exit code' $? 1
has 'full disk: message' "$(<"$work/err")" 'standard output: No space left'
# The reader of the pipe is gone before the first byte.
{
  sleep 0.2
  "$ACO_BIN" help 2>"$work/err"
  echo $? >"$work/code"
} | true
is 'closed pipe: exit code' "$(<"$work/code")" 1
is 'closed pipe: no message' "$(<"$work/err")" ''

# ---- config ----

mkdir -p "$work/aco"
printf '[aco]\nteam = file\n[ledger]\nbatch_rows = 9\n' >"$work/aco/aco.conf"
run env ACO_TEAM=env "$ACO_BIN" config
has 'config: a variable wins' "$out" 'team = env'
has 'config: the file is read' "$out" 'batch_rows = 9'
has 'config: names the file' "$out" "# $work/aco/aco.conf"
run env ACO_DATABASE_URL=postgresql://u:s3cret@h/d "$ACO_BIN" config --json
has 'config --json: no password' "$out" \
  '"database_url":"postgresql://u:***@h/d"'
has 'config --json: numbers are numbers' "$out" '"batch_rows":9'
run "$ACO_BIN" config --json --sample
is 'config: options that exclude each other' "$code" 2
run "$ACO_BIN" config x
is 'config: operand' "$code" 2
finish
