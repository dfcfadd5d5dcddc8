/* What `/` takes, and which rows it leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "tui/filter.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MODEL,
	STATUS,
	ATTEMPTS,
	COST,
	COST_PER,
	SUCCESS,
	STARTED,
	TOOK,
	COLS
};

static const struct column cols[COLS] = {
	[MODEL] = {.name = "model",
		   .title = "model",
		   .help = "",
		   .kind = CELL_TEXT},
	[STATUS] = {.name = "status",
		    .title = "state",
		    .help = "",
		    .kind = CELL_TEXT},
	[ATTEMPTS] = {.name = "attempts",
		      .title = "calls",
		      .help = "",
		      .kind = CELL_INT},
	[COST] = {.name = "cost_usd",
		  .title = "spend",
		  .help = "",
		  .kind = CELL_MONEY},
	[COST_PER] = {.name = "cost_per_success_usd",
		      .title = "$/ok",
		      .help = "",
		      .kind = CELL_MONEY},
	[SUCCESS] = {.name = "success",
		     .title = "ok",
		     .help = "",
		     .kind = CELL_RATIO},
	[STARTED] = {.name = "started_at",
		     .title = "started",
		     .help = "",
		     .kind = CELL_TIME},
	[TOOK] = {.name = "duration_us",
		  .title = "time",
		  .help = "",
		  .kind = CELL_SPAN},
};

static void add(struct table *t, const char *model, const char *status,
		int64_t attempts, int64_t cost_usd, int64_t success,
		const char *started, int64_t took_s)
{
	int r = table_add(t, model, strlen(model), -1);
	int64_t us;

	table_text(t, r, MODEL, str_from(model));
	table_text(t, r, STATUS, str_from(status));
	table_int(t, r, ATTEMPTS, attempts);
	if (cost_usd >= 0)
		table_money(t, r, COST, (__int128)cost_usd * 1000000000000);
	table_ratio(t, r, SUCCESS, success);
	assert_true(clock_parse(str_from(started), &us));
	table_time(t, r, STARTED, us);
	table_span(t, r, TOOK, took_s * US_PER_SEC);
}

/* Row 0 opus, 1 sonnet, 2 gpt-5 (not priced). */
static void fill(struct table *t)
{
	table_init(t, cols, COLS);
	add(t, "claude-opus-4-6", "ok", 1500, 12, 900000, "2026-11-20", 90);
	add(t, "claude-sonnet-4-5", "error", 12, 1, 500000,
	    "2026-11-21T10:00:00Z", 3600);
	add(t, "gpt-5", "ok", 3, -1, 1000000, "2026-11-22", 0);
}

/* Bits of the rows that pass; -1 if the text is refused. */
static int passing(const struct table *t, const char *text)
{
	struct filter f;
	struct err e;
	int bits = 0;

	if (filter_parse(&f, text, cols, COLS, &e) != RC_OK) {
		assert_true(e.msg[0] != '\0');
		return -1;
	}
	for (size_t i = 0; i < t->n; i++)
		if (filter_match(&f, t, (int)i))
			bits |= 1 << i;
	return bits;
}

static void terms(void **state)
{
	static const struct {
		const char *text;
		int rows;
	} cases[] = {
		{"", 7},
		{"   ", 7},
		{"claude", 3},
		{"OPUS", 1},
		{"!claude", 4},
		{"!", 7},
		{"claude !opus", 2},
		{"\"claude-s\"", 2},
		{"\"claude s\"", 0},
		{"error", 2},
		{"status=ok", 5},
		{"state=OK", 5},
		{"status!=ok", 2},
		{"!status=ok", 2},
		{"model~gpt", 4},
		{"model=claude", 0},
		{"attempts>12", 1},
		{"attempts>=12", 3},
		{"attempts<12", 4},
		{"attempts<=12", 6},
		{"calls=1.5k", 1},
		{"att=3", 4},
		{"cost>1", 1},
		{"cost>=1", 3},
		{"cost>=$1", 3},
		{"spend<0.5k", 3},
		{"cost=1.000", 2},
		{"!cost>1", 6}, /* not known: not more than 1 */
		{"cost!=1", 5},
		{"success>80%", 5},
		{"success>0.8", 5},
		{"success>80", 5},
		{"success=100%", 4},
		{"time>1m", 3},
		{"time>=90s", 3},
		{"time>90", 2},
		{"time=1h", 2},
		{"time<1ms", 4},
		{"started>2026-11-21", 6},
		{"started>=2026-11-21T10:00", 6},
		{"started>=2026-11-21T10:00:00Z", 6},
		{"claude cost<5 time>1m", 2},
		{"cost_per>1", 0},
		{"nosuch=1", -1},
		{"cost>", -1},
		{"cost>cheap", -1},
		{"attempts=1x", -1},
		{"a b c d e f g h", 0},
		{"a b c d e f g h i", -1},
	};
	struct table t;

	(void)state;
	fill(&t);
	for (size_t i = 0; i < N(cases); i++) {
		if (passing(&t, cases[i].text) != cases[i].rows)
			fail_msg("'%s' gives %d, not %d", cases[i].text,
				 passing(&t, cases[i].text), cases[i].rows);
	}
	table_release(&t);
}

/* A refusal leaves the filter that was. */
static void refusal_keeps(void **state)
{
	struct filter f;
	struct err e;

	(void)state;
	assert_int_equal(filter_parse(&f, "cost>1", cols, COLS, &e), RC_OK);
	assert_int_equal(filter_parse(&f, "cost>x", cols, COLS, &e), RC_BAD);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.t[0].col, COST);
}

/* Text of any kind never reads beyond its end. */
static void any_text_parses(void **state)
{
	static const char alphabet[] = "ac\"!=<>~ .1%$k";
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[12];
		struct filter f;
		struct err e;

		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = alphabet[(seed >> 16) % (N(alphabet) - 1)];
		}
		text[sizeof(text) - 1] = '\0';
		if (filter_parse(&f, text, cols, COLS, &e) == RC_OK)
			assert_in_range(f.n, 0, FILTER_TERMS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terms),
		cmocka_unit_test(refusal_keeps),
		cmocka_unit_test(any_text_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
