# shellcheck shell=bash
# Sourced by shell tests: they print TAP and clean up behind themselves.
#
#   . "$(dirname "$0")/../tap.sh"   # or lib.sh, for a PostgreSQL as well
#   check 'says its version' "$ACO_BIN" --version
#   is 'exit code' "$code" 2
#   has 'names the key' "$output" 'unknown key'
#   skip 'needs a terminal' 'tmux is not installed'
#   finish
#
# $work is a folder of their own that is removed at the end.

work=$(mktemp -d /tmp/aco-test-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT

# A daemon is started by those tests alone that want one.
export ACO_AUTOSTART=no

cases=0 bad=0

pass() {
  cases=$((cases + 1))
  printf 'ok %d - %s\n' "$cases" "$1"
}

# fail NAME [LINES]: the lines say what was found.
fail() {
  cases=$((cases + 1)) bad=$((bad + 1))
  printf 'not ok %d - %s\n' "$cases" "$1"
  [ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}

skip() {
  cases=$((cases + 1))
  printf 'ok %d - %s # SKIP %s\n' "$cases" "$1" "$2"
}

# check NAME COMMAND...: the command must succeed.
check() {
  local name=$1 out rc
  shift
  out=$("$@" 2>&1)
  rc=$?
  if [ "$rc" -eq 0 ]; then pass "$name"; else fail "$name" "exit $rc: $out"; fi
}

# is NAME GOT WANT
is() {
  if [ "$2" = "$3" ]; then
    pass "$1"
  else
    fail "$1" "got:
$2
want:
$3"
  fi
}

# has NAME TEXT PART
has() {
  case $2 in
  *"$3"*) pass "$1" ;;
  *) fail "$1" "no '$3' in:
$2" ;;
  esac
}

finish() {
  printf '1..%d\n' "$cases"
  exit $((bad > 0))
}
