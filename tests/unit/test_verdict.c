/* Verdicts as files state them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/verdict.h"

static bool micro_of(const char *json, int32_t *micro)
{
	struct json_doc d;
	struct err e;
	bool ok;

	json_doc_init(&d, 100);
	assert_int_equal(json_parse(&d, str_from(json), &e), RC_OK);
	ok = verdict_micro(d.nodes, micro);
	json_doc_release(&d);
	return ok;
}

static void test_micro(void **state)
{
	static const struct {
		const char *json;
		int32_t want; /* -1: no verdict */
	} cases[] = {
		{"0", 0},
		{"1", 1000000},
		{"0.0", 0},
		{"1.0", 1000000},
		{"1e0", 1000000},
		{"0.5", 500000},
		{"0.3333333333333333", 333333},
		{"0.6666666666666666", 666667},
		{"0.0000005", 0}, /* half to even */
		{"0.0000015", 2}, /* half to even */
		{"0.99999999", 1000000},
		{"true", 1000000},
		{"false", 0},
		{"\"0.25\"", 250000},
		{"null", -1},
		{"1.0000001", -1},
		{"-0.5", -1},
		{"2", -1},
		{"1e300", -1},
		{"\"yes\"", -1},
		{"\"\"", -1},
		{"[1]", -1},
		{"{}", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int32_t got = -1;

		if (!micro_of(cases[i].json, &got))
			got = -1;
		if (got != cases[i].want)
			fail_msg("%s gave %d, not %d", cases[i].json, got,
				 cases[i].want);
	}
	assert_false(verdict_micro(NULL, &(int32_t){0}));
}

static void test_error(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"ValueError: bad x", "ValueError"},
		{"litellm.RateLimitError: slow down", "litellm.RateLimitError"},
		{"Agent.", "Agent"},
		{"  TimeoutError\n at line 3", "TimeoutError"},
		{"(unknown)", "error"},
		{"", "error"},
		{"...", "error"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(str_is(verdict_error(str_from(cases[i].text)),
				   cases[i].want));
}

static void test_status(void **state)
{
	char large[100];

	(void)state;
	memset(large, 'a', sizeof(large));
	assert_true(str_is(verdict_status(STR("submitted (exit_cost)")),
			   "submitted (exit_cost)"));
	assert_null(verdict_status(STR_NONE).p);
	assert_true(str_is(verdict_status(STR("a\nb")), "a"));
	assert_int_equal(verdict_status((struct str){large, sizeof(large)}).len,
			 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_micro),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
