#!/bin/bash
# What compilers do not check: layers, gates, names, tables, texts, format.
# Prints FILE:LINE: WHAT for each problem; exit code 1 if there is one.
# Usage: tests/lint.sh, from anywhere; `make lint` calls it.
# shellcheck disable=SC2016,SC2129 # awk programs; problems come one by one
set -u
cd "$(dirname "$0")/.." || exit 2

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
problems=$work/problems
: >"$problems"

problem() { printf '%s\n' "$*" >>"$problems"; }

# files PATTERN...: tracked and new files that exist, or all without git.
files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -co --exclude-standard -- "$@"
  else
    local p
    for p in "$@"; do find . -path ./build -prune -o -name "$p" -print; done |
      sed 's,^\./,,'
  fi | sort -u | while IFS= read -r f; do [ -f "$f" ] && echo "$f"; done
}

files '*.c' '*.h' >"$work/c"
grep -v '^tests/' "$work/c" >"$work/code"
files '*.sh' .ci/run >"$work/shell"
files '*.c' '*.h' '*.sh' '*.awk' '*.sql' '*.md' '*.1' '*.conf' Makefile \
  .ci/run '*.yml' | grep -v '^tests/data/' >"$work/text"

# ---- layers and gates: who may include what ----

includes() {
  xargs awk '
    function bad(what) { print FILENAME ":" FNR ": " what }
    # Folders that `from` may include, itself among them.
    function allowed(from) {
      if (from == "ledger/base") return " ledger/base "
      if (from == "ledger") return " ledger/base ledger gen "
      if (from == "router") return " ledger/base ledger router "
      if (from == "ingest") return " ledger/base ledger router ingest gen "
      if (from == "tui") return " ledger/base ledger tui "
      return " ledger/base ledger router ingest tui gen "
    }
    function folder(path) {
      return match(path, /\/[^\/]*$/) ? substr(path, 1, RSTART - 1) : "."
    }
    # gate(REGEX, FILES): what matches may be included only there.
    function gate(regex, where) {
      if (name ~ regex && FILENAME !~ where)
        bad("<" name "> belongs behind its gate")
    }
    /^[ \t]*#[ \t]*include/ {
      name = $0
      sub(/^[^<"]*[<"]/, "", name)
      sub(/[>"].*$/, "", name)
      if ($0 ~ /"/) {
        if (name !~ /\//)
          bad("\"" name "\" is not named from the top folder")
        else if (!index(allowed(folder(FILENAME)), " " folder(name) " "))
          bad(folder(FILENAME) " must not include " name)
        next
      }
      gate("^event2/", "^$")
      gate("^sys/epoll", "^(ingest/loop(_[a-z]+)?[.][ch]|tests/)")
      gate("^openssl/(ssl|tls|x509|pem|err)", "^ingest/tls[.]c$")
      gate("^zlib", "^(ingest/(inflate|import_read)|ledger/gz_lines)[.]c$")
      gate("^curl/", "^$")
      gate("^xgboost/", "^router/xgb[.]c$")
      gate("^libpq|^postgres|^pg_", "^ledger/db(_pq|_many)?[.]c$")
      gate("curses|^term[.]h$|^panel[.]h$", "^tui/")
      gate("^ini[.]h$", "^ledger/base/conf[.]c$")
      gate("^jansson", "^$")
      if (FILENAME ~ /^ledger\/base\//)
        gate("^openssl/|^zlib", "^$")
    }' <"$work/code"
}
includes >>"$problems"

# ---- C files ----

# A header's guard is ACO_ and its name; files and functions keep their size.
xargs awk '
  function bad(what) { print FILENAME ":" FNR ": " what }
  FNR == 1 {
    if (guard) print last ":1: has no guard ACO_" guard
    guard = ""
    if (FILENAME ~ /[.]h$/) {
      guard = FILENAME
      sub(/^.*\//, "", guard)
      guard = toupper(guard)
      gsub(/[^A-Z0-9]/, "_", guard)
    }
    last = FILENAME
  }
  $1 == "#ifndef" && $2 ~ ("^ACO_([A-Z]+_)?" guard "$") { guard = "" }
  FNR == 601 && FILENAME !~ /^tests\// {
    bad("the file has more than 600 lines")
  }
  FNR == 1001 { bad("the file has more than 1000 lines") }
  /^{/ { start = FNR }
  /^}/ && start {
    if (FNR - start > 60 && FILENAME !~ /^tests\//)
      bad("a function has more than 60 lines")
    start = 0
  }
  /(^|[^A-Z_])(TODO|FIXME|XXX)([^A-Z_]|$)/ { bad("unfinished") }
  END { if (guard) print last ":1: has no guard ACO_" guard }
' <"$work/c" >>"$problems"

# Allocation that can fail silently is the business of few files.
xargs grep -nE '(^|[^a-z_])(malloc|calloc|strdup|strndup|asprintf)[ ]*\(' \
  <"$work/code" | grep -vE '^ledger/base/(alloc|arena|buf)[.][ch]:' |
  grep -vE '__attribute__|/\*' |
  sed 's/:[^:]*$/: allocates without checking: use alloc.h/' >>"$problems"

# ---- SQL ----

xargs grep -ohE '\bsql_[a-z0-9_]+' <"$work/code" | sort -u >"$work/used"
for f in sql/queries/*.sql; do
  [ -e "$f" ] || continue
  name=$(basename "$f" .sql)
  grep -qx "sql_$name" "$work/used" || problem "$f:1: sql_$name is not used"
  case $name in
  *_*) ;;
  *) problem "$f:1: the name is not MODULE_VERB" ;;
  esac
done
if compgen -G 'sql/queries/*.sql' >/dev/null; then
  awk '
    function bad(what) { print file ": " what }
    # Types in a list; commas inside parentheses do not count.
    function types(list) {
      gsub(/\([^)]*\)/, "", list)
      return list == "" ? 0 : split(list, part, ",")
    }
    function finish() {
      if (!header) bad("begins with no comment")
      if (highest != types(params))
        bad("names " types(params) " types, uses " highest " parameters")
    }
    FNR == 1 {
      if (file) finish()
      file = FILENAME ":1"
      highest = 0; params = ""; header = /^--/
    }
    /^-- params:/ { params = $0; sub(/^-- params:[ \t]*/, "", params); next }
    { sub(/--.*$/, "") }
    {
      line = $0
      while (match(line, /\$[0-9]+/)) {
        n = substr(line, RSTART + 1, RLENGTH - 1) + 0
        if (n > highest) highest = n
        line = substr(line, RSTART + RLENGTH)
      }
    }
    END { finish() }' sql/queries/*.sql >>"$problems"
fi

# ---- tables and texts ----

sed -n 's/.*KEY("\([a-z]*\)", \([a-z_]*\), "\([A-Z_]*\)").*/\1 \2 \3/p' \
  ledger/base/conf_keys.c >"$work/keys"
[ -s "$work/keys" ] || problem 'ledger/base/conf_keys.c:1: no keys were found'
while read -r _ key env; do
  grep -q "^[.]It Cm $key\$" ledger/base/aco.1 ||
    problem "ledger/base/aco.1:1: no key $key (make man)"
  grep -q "^[.]Ev $env " ledger/base/aco.1 ||
    problem "ledger/base/aco.1:1: no variable $env (make man)"
  grep -q "^$key =" ledger/base/aco.conf ||
    problem "ledger/base/aco.conf:1: no key $key (make man)"
done <"$work/keys"

mandoc -Tlint ledger/base/aco.1 >>"$problems" 2>&1

# Tabs where they belong, nothing invisible.
xargs awk '
  function bad(what) { print FILENAME ":" FNR ": " what }
  FNR == 1 { spaces = FILENAME ~ /[.](sql|yml|md)$/ }
  /[ \t]$/ { bad("white space at the end of the line") }
  /\r/ { bad("carriage return") }
  / \t/ && FILENAME ~ /[.][ch]$|Makefile$/ && !/"/ {
    bad("a space before a tab")
  }
  spaces && /\t/ { bad("a tab") }' <"$work/text" >>"$problems"
while IFS= read -r f; do
  [ -z "$(tail -c 1 "$f")" ] || problem "$f:1: no newline at the end"
done <"$work/text"

# ---- tools ----

xargs shellcheck -f gcc <"$work/shell" >>"$problems"
xargs -n 20 -P "$(nproc)" clang-format-14 --dry-run <"$work/c" 2>&1 |
  grep 'warning:' | sed 's/warning: .*/not as clang-format-14 has it/' |
  sort -u -t: -k1,1 >>"$problems"

n=$(wc -l <"$problems")
sort -u "$problems"
echo "lint: $n problems"
[ "$n" -eq 0 ]
