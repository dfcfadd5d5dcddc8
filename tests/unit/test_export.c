/* CSV quoting, and the table of what can be exported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/export.h"
#include "ledger/sql_stmt.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void csv_fields(void **state)
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
		export_csv_field(&b, cases[i].in);
		assert_true(buf_ok(&b));
		assert_string_equal(buf_str(&b), cases[i].want);
		buf_release(&b);
	}
}

static void kinds_are_complete(void **state)
{
	static const char *const names[] = {"attempts", "tasks",  "steps",
					    "outcomes", "trials", "decisions"};
	size_t n = 0;

	(void)state;
	for (const struct export_kind *k = export_kinds; k->name; k++, n++) {
		assert_true(n < N(names));
		assert_string_equal(k->name, names[n]);
		assert_non_null(k->rows);
		/* The day is the parameter that follows the common four. */
		assert_string_equal(
			k->rows->params,
			k->days ? "timestamptz, timestamptz, text, bigint, date"
				: "timestamptz, timestamptz, text, bigint");
		if (k->days)
			assert_string_equal(k->days->params,
					    "timestamptz, timestamptz");
		assert_ptr_equal(export_kind_find(str_from(k->name)), k);
	}
	assert_int_equal(n, N(names));
	assert_null(export_kind_find(STR("attempt")));
	assert_null(export_kind_find(STR("")));
	assert_null(export_kind_find(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_fields),
		cmocka_unit_test(kinds_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
