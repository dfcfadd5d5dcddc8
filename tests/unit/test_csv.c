/* Quoting as RFC 4180 has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/csv.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void fields(void **state)
{
	static const struct {
		struct str in;
		const char *want;
	} cases[] = {
		{{NULL, 0}, ""},
		{{"", 0}, "\"\""},
		{{"plain", 5}, "plain"},
		{{"a b", 3}, "a b"},
		{{" a", 2}, "\" a\""},
		{{"a ", 2}, "\"a \""},
		{{"a,b", 3}, "\"a,b\""},
		{{"say \"hi\"", 8}, "\"say \"\"hi\"\"\""},
		{{"\"", 1}, "\"\"\"\""},
		{{"a\nb", 3}, "\"a\nb\""},
		{{"a\rb", 3}, "\"a\rb\""},
		{{"=1+2", 4}, "=1+2"},
		{{"a;b\tc'd", 7}, "a;b\tc'd"},
		{{"gr\xc3\xbc\xc3\x9f", 6}, "gr\xc3\xbc\xc3\x9f"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf b;

		buf_init(&b, 64);
		csv_field(&b, cases[i].in);
		assert_true(buf_ok(&b));
		assert_string_equal(buf_str(&b), cases[i].want);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
