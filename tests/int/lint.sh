#!/bin/bash
# tests/lint.sh finds each kind of mistake, in a small tree that has them all,
# and nothing else in it.
# shellcheck disable=SC2016 # the dollars are SQL's and the bad script's
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

for tool in clang-format-14 shellcheck mandoc; do
  if ! command -v "$tool" >/dev/null; then
    skip 'lint finds mistakes' "no $tool"
    finish
  fi
done

tree=$work/tree
mkdir -p "$tree"/{ledger/base,router,ingest,tui,sql/queries,tests}
cp tests/lint.sh "$tree/tests/"
cp .clang-format .shellcheckrc "$tree/"
cp ledger/base/aco.1 ledger/base/aco.conf ledger/base/conf_keys.c \
  "$tree/ledger/base/"
cp ledger/base/{conf,buf,err,rc,str,alloc}.h "$tree/ledger/base/"

lint() { (cd "$work" && bash "$tree/tests/lint.sh"); }

check 'a clean tree is clean' lint

# plant FILE:LINE WHAT TEXT: a file with one mistake, to be found there.
places=() whats=() space=' '
plant() {
  printf '%s' "$3" >"$tree/${1%%:*}"
  places+=("$1") whats+=("$2")
}

plant ledger/f01.c:1 'the ledger includes the router' '#include "router/b.h"
'
plant router/f02.c:2 'the router includes ingest' '
#include "ingest/b.h"
'
plant tui/f03.c:1 'the dashboard includes ingest' '#include "ingest/b.h"
'
plant ingest/f04.c:1 'ingest includes the dashboard' '#include "tui/b.h"
'
plant ledger/base/f05.c:1 'the base includes the ledger' '#include "ledger/b.h"
'
plant ledger/base/f06.c:1 'the base includes more than libc' '#include <zlib.h>
'
plant ledger/f07.c:1 'an include not from the top' '#include "a.h"
'
plant ledger/f08.c:1 'libpq outside its gate' '#include <libpq-fe.h>
'
plant ingest/f09.c:1 'evhttp outside its gate' '#include <event2/http.h>
'
plant router/f10.c:1 'libevent in the router' '#include <event2/event.h>
'
plant ingest/f11.c:1 'curl outside its gate' '#include <curl/curl.h>
'
plant router/f12.c:1 'xgboost outside its gate' '#include <xgboost/c_api.h>
'
plant ingest/f13.c:1 'ncurses outside the dashboard' '#include <ncurses.h>
'
plant ledger/f14.h:1 'a header without a guard' 'int a(void);
'
plant ledger/f15.c:601 'a long file' "$(printf 'int a;%.0s\n' {1..601})
"
plant ledger/f16.c:63 'a long function' "int a(void)
{
$(printf '\treturn 0;%.0s\n' {1..60})
}
"
plant ledger/f17.c:1 'unfinished work' "/* TO""DO */
"
plant ledger/f18.c:3 'an unchecked allocation' 'void *a(void)
{
	return malloc(1);
}
'
plant ledger/f19.c:1 'formatting' 'int  a ;
'
plant ledger/f20.c:2 'white space at the end' "int a;
int b;$space
"
plant ledger/f21.c:1 'no newline at the end' 'int a;'
plant sql/queries/f_q22.sql:1 'a query that is not used' '-- Unused.
select 1;
'
plant sql/queries/f_q23.sql:1 'a query without a comment' 'select 1;
'
plant sql/queries/f_q24.sql:1 'too few types' '-- Counts.
-- params: numeric(3,1)
select $1, $2;
'
plant sql/queries/f_q25.sql:2 'a tab in SQL' '-- Counts.
	select 1;
'
plant tests/f26.sh:2 'shell' '#!/bin/sh
cd $1
'

# The queries that have another mistake are used.
for f in "$tree"/sql/queries/*.sql; do
  grep -q '^-- Unused' "$f" || echo "extern int sql_$(basename "$f" .sql);"
done >"$tree/ledger/use.c"

found=$(lint)
for i in "${!places[@]}"; do
  has "${whats[i]}" "
$found" "
${places[i]}:"
done
is 'and nothing else' "$(grep -v -E "^($(IFS='|' && echo "${places[*]}")):" \
  <<<"$found" | grep -v '^lint:')" ''

sed -i '/^team =/d' "$tree/ledger/base/aco.conf"
has 'a key that the sample lacks' "$(lint)" 'no key team'
sed -i '/^[.]It Cm home$/d' "$tree/ledger/base/aco.1"
has 'a key that the man page lacks' "$(lint)" 'aco.1:1: no key home'
finish
