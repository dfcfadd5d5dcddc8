/* Command lines cut into simple commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ledger/base/buf.h"
#include "ledger/shell_cut.h"

/* Words between commas, commands in brackets; < is piped into, > writes. */
static void show(const char *line, struct buf *out)
{
	/* In a block of its size: to read on would be seen. */
	size_t len = strlen(line);
	char *text = malloc(len ? len : 1);
	struct shell_scan s = {.p = text, .end = text + len};
	struct shell_simple c;

	assert_non_null(text);
	memcpy(text, line, len);
	while (shell_next(&s, &c)) {
		buf_addf(out, "[%s", c.piped ? "<" : "");
		for (int i = 0; i < c.n; i++)
			buf_addf(out, "%s%.*s", i ? "," : "", STR_ARG(c.w[i]));
		buf_addf(out, "%s]", c.writes ? ">" : "");
	}
	assert_ptr_equal(s.p, s.end);
	free(text);
}

static void lines(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{" \n ;; # nothing\n", ""},
		{"ls -l", "[ls,-l]"},
		{"a; b && c || d & e", "[a][b][c][d][e]"},
		{"a | b", "[a][<b]"},
		{"(cd x)\nmake", "[cd,x][make]"},
		{"echo 'a;b' \"c|d\" e\\;f", "[echo,a;b,c|d,e\\;f]"},
		{"a > f 2>&1", "[a,2>]"},
		{"a 2>/dev/null", "[a,2]"},
		{"a < f", "[a]"},
		{"cat <<E\nx; y\nE\nls", "[cat][ls]"},
		{"cat <<'E' > f\nx\nE", "[cat>]"},
		{"cat <<E\nx", "[cat]"},
		{"a \\\n b", "[a,b]"},
		{"a 'b", "[a,'b]"},
		{"a <", "[a]"},
		{"a <<", "[a]"},
		{"a >&", "[a]"},
		{"a |", "[a]"},
		{"a \\", "[a,\\]"},
		{"1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l",
		 "[a,b,c,d,e,f,g,h,i,j,k,l]"},
		{"a 1 2 3 4 5 6 7 8 9 a b c", "[a,1,2,3,4,5,6,7,8,9,a,b]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 4096);
		show(cases[i][0], &out);
		assert_string_equal(buf_str(&out), cases[i][1]);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
