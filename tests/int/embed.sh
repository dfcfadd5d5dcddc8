#!/bin/bash
# sql/embed.awk: what it embeds is byte for byte what was in the file, with
# every awk that is installed.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

mkdir -p "$work/queries" "$work/migrations" "$work/gen"

# Everything that C, awk or gsub could take for something else.
{
  printf '%s\n' '-- params: uuid[], numeric(38,0), text'
  # shellcheck disable=SC1003 # the backslashes are the point
  printf '%s\n' "select '\\', '\\\\', E'\\n\\x41\\'', \"a\"\"b\", '&', '\\&',"
  printf '%s\n' "  '\$1', '%s', '%d%%', '??=', '??/', '/* */', '// x', '#if'"
  printf '\t-- tab, trailing space \n\n'
  printf '%s\n' "  , 'caf\303\251 \342\202\254', '\\0', '\\101';"
  # More than any awk's or compiler's fixed buffer.
  printf "select '"
  # shellcheck disable=SC1003
  head -c 100000 /dev/zero | tr '\0' '\\'
  printf "';\n"
} >"$work/queries/nasty_text.sql"
printf -- '-- exec: run\nBEGIN\n' >"$work/queries/tx_begin.sql"
printf 'create table a ();\n' >"$work/migrations/0001_init.sql"
printf 'alter table a add b text default E'\''\\\\"'\'';\n' \
  >"$work/migrations/0012_more_b.sql"

cat >"$work/print.c" <<'END'
#include <stdio.h>
#include <string.h>
#include "gen/sql.h"
int main(int argc, char **argv)
{
	(void)argc;
	for (int i = 0; sql_all[i]; i++) {
		const struct sql_stmt *s = sql_all[i];
		if (!strcmp(argv[1], s->name))
			fputs(s->text, stdout);
		if (!strcmp(argv[1], "list"))
			printf("%s [%s] %d\n", s->name, s->params, s->run);
	}
	for (size_t i = 0; i < sql_migration_count; i++) {
		const struct sql_migration *m = &sql_migrations[i];
		if (!strcmp(argv[1], m->name))
			fputs(m->text, stdout);
		if (!strcmp(argv[1], "list"))
			printf("%d %s\n", m->version, m->name);
	}
	return 0;
}
END

# embed AWK...: builds $work/print with what that awk made.
embed() {
  "$@" -v mode=header -f sql/embed.awk "$work"/queries/*.sql \
    "$work"/migrations/*.sql >"$work/gen/sql.h" &&
    "$@" -v mode=source -f sql/embed.awk "$work"/queries/*.sql \
      "$work"/migrations/*.sql >"$work/gen/sql.c" &&
    cc -Wall -Wextra -Werror -I. -I"$work" -o "$work/print" "$work/print.c" \
      "$work/gen/sql.c"
}

same() {
  "$work/print" "$1" | cmp - "$2"
}

for awk in mawk gawk 'busybox awk' original-awk; do
  command -v "${awk%% *}" >/dev/null || continue
  # shellcheck disable=SC2086 # two words for busybox
  check "$awk: embeds and compiles" embed $awk
  check "$awk: a query comes back" same nasty_text "$work/queries/nasty_text.sql"
  check "$awk: a migration comes back" same more_b \
    "$work/migrations/0012_more_b.sql"
  is "$awk: names, types, flags, order" "$("$work/print" list)" \
    'nasty_text [uuid[], numeric(38,0), text] 0
tx_begin [] 1
1 init
12 more_b'
done

refuses() {
  ! awk -v mode=source -f sql/embed.awk "$1" >/dev/null 2>"$work/err"
}

: >"$work/queries/empty.sql"
check 'an empty file is refused' refuses "$work/queries/empty.sql"
check 'a missing file is refused' refuses "$work/queries/missing.sql"
echo 'select 1' >"$work/queries/Bad-Name.sql"
check 'a name that is no identifier is refused' refuses \
  "$work/queries/Bad-Name.sql"
echo 'select 1' >"$work/migrations/1_x.sql"
check 'a migration without four digits is refused' refuses \
  "$work/migrations/1_x.sql"
printf -- '-- exec: rnu\nBEGIN\n' >"$work/queries/typo.sql"
check 'an unknown -- exec: is refused' refuses "$work/queries/typo.sql"

# The real ones, from the program's own build.
for f in sql/queries/*.sql sql/migrations/*.sql; do
  [ -e "$f" ] || continue
  case $(tail -c 1 "$f" | od -An -tx1) in
  *0a) ;;
  *) fail "$f ends in a newline" ;;
  esac
done
finish
