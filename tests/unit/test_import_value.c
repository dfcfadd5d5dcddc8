/* What the kinds of import share: a map, and counts, times and money from
 * JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingest/import.h"
#include "ingest/import_map.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

#define NOW INT64_C(1795500000000000)

static void map(void **state)
{
	struct import_map m = {0};
	bool added;

	(void)state;
	for (int64_t i = 0; i < 10000; i++) {
		char text[32];
		struct uuid k;

		snprintf(text, sizeof(text), "%lld", (long long)i);
		k = ev_key("m", STR(""), str_from(text));
		assert_null(import_map_get(&m, k));
		assert_int_equal(*import_map_put(&m, k, i, &added), i);
		assert_true(added);
		assert_int_equal(*import_map_put(&m, k, 7, &added), i);
		assert_false(added);
	}
	assert_int_equal(m.n, 10000);
	import_map_clear(&m);
	assert_null(import_map_get(&m, ev_key("m", STR(""), STR("5"))));
	import_map_release(&m);
}

static const struct json *json_of(struct json_doc *d, const char *text)
{
	struct err e;

	assert_int_equal(json_parse(d, str_from(text), &e), RC_OK);
	return d->nodes;
}

static void counts(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
		bool bad;
	} cases[] = {
		{"null", USAGE_NONE, false},
		{"0", 0, false},
		{"7", 7, false},
		{"7.0", 7, false},
		{"-7", USAGE_NONE, true},
		{"1.5", USAGE_NONE, true},
		{"\"7\"", USAGE_NONE, true},
		{"true", USAGE_NONE, true},
		{"1e30", USAGE_NONE, true},
		{"[]", USAGE_NONE, true},
	};
	struct json_doc d;

	(void)state;
	json_doc_init(&d, 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool bad = false;

		assert_int_equal(field_count(json_of(&d, cases[i].text), &bad),
				 cases[i].want);
		assert_int_equal(bad, cases[i].bad);
	}
	json_doc_release(&d);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t want_us;
	} cases[] = {
		{"null", TIME_NONE},
		{"true", TIME_NONE},
		{"0", TIME_NONE},
		{"-5", TIME_NONE},
		{"\"soon\"", TIME_NONE},
		{"1e300", TIME_NONE},
		{"1795500000", NOW},
		{"1795500000.25", NOW + 250000},
		{"1795500000000", NOW},
		{"1795500000000000", NOW},
		{"1795500000000000000", NOW},
		{"\"1795500000\"", NOW},
		{"\"2026-11-24T06:00:00Z\"", NOW},
		{"\"2026-11-24T07:00:00.000001+01:00\"", NOW + 1},
	};
	struct json_doc d;
	struct arena a;

	(void)state;
	json_doc_init(&d, 16);
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(field_time(json_of(&d, cases[i].text), &a),
				 cases[i].want_us);
	assert_int_equal(field_time(NULL, &a), TIME_NONE);
	arena_release(&a);
	json_doc_release(&d);
}

static void dollars(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{"null", MONEY_NONE},
		{"0", 0},
		{"0.030355", 30355000000},
		{"\"0.030355\"", 30355000000},
		{"1e-12", 1},
		{"-1", MONEY_NONE},
		{"\"$1\"", MONEY_NONE},
		{"false", MONEY_NONE},
	};
	struct json_doc d;

	(void)state;
	json_doc_init(&d, 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(field_usd(json_of(&d, cases[i].text)),
				 cases[i].want);
	assert_int_equal(field_usd(NULL), MONEY_NONE);
	json_doc_release(&d);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(map),
		cmocka_unit_test(counts),
		cmocka_unit_test(times),
		cmocka_unit_test(dollars),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
