/* Of the dashboard without a terminal: what it remembers, what may be typed,
 * what is copied, what certificates and decisions say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tui/certificate.h"
#include "tui/clip.h"
#include "tui/command.h"
#include "tui/header.h"
#include "tui/reasons.h"
#include "tui/state.h"
#include "tui/text.h"

static const struct place anywhere;

static struct top *new_top(void)
{
	struct range range = {.preset = RANGE_24H};
	struct top *t = xcalloc(1, sizeof(*t));

	top_init(t, NULL, &range);
	t->interactive = true;
	return t;
}

static void free_top(struct top *t)
{
	top_release(t);
	free(t);
}

/* ---- the header ---- */

static void what_is_amiss_comes_first(void **state)
{
	const struct header_item items[] = {
		{.label = "spend 24h",
		 .value = "$1.00",
		 .label_short = "spend",
		 .must = true},
		{.label = "newest call",
		 .value = "a minute ago",
		 .label_short = "new",
		 .value_short = "1m"},
		{.label = "unpriced",
		 .value = "0",
		 .label_short = "unpr",
		 .idle = true},
		{.label = "router",
		 .value = "7 drifted",
		 .label_short = "router",
		 .tone = TONE_WARN},
	};
	bool shown[4];

	(void)state;
	assert_int_equal(header_fit(items, 4, 80, shown), HEADER_LONG);
	assert_true(shown[0] && shown[1] && shown[2] && shown[3]);
	assert_string_equal(header_value(&items[1], HEADER_LONG),
			    "a minute ago");
	assert_int_equal(header_fit(items, 4, 60, shown), HEADER_LABELS);
	assert_true(shown[0] && shown[1] && shown[2] && shown[3]);
	assert_string_equal(header_label(&items[0], HEADER_LABELS), "spend");
	assert_int_equal(header_fit(items, 4, 38, shown), HEADER_SHORT);
	assert_true(shown[0] && shown[1] && !shown[2] && shown[3]);
	assert_string_equal(header_value(&items[1], HEADER_SHORT), "1m");
	assert_string_equal(header_value(&items[0], HEADER_SHORT), "$1.00");
	header_fit(items, 4, 30, shown);
	assert_true(shown[0] && !shown[1] && !shown[2] && shown[3]);
	header_fit(items, 4, 12, shown);
	assert_true(shown[0] && !shown[1] && !shown[2] && !shown[3]);
}

/* ---- what is remembered ---- */

static void state_round_trip(void **state)
{
	struct top *t = new_top(), *again = new_top();
	const struct view *v = &view_tasks;
	struct buf b, c;
	int cost = column_find(v->cols, v->n_cols, "cost_usd");
	int started = column_find(v->cols, v->n_cols, "started_at");

	(void)state;
	top_push(t, v, &anywhere);
	top_page(t)->where.sort = started;
	top_page(t)->off[cost] = true;
	top_page(t)->pictures = 2;
	t->ctx.range.preset = RANGE_7D;
	t->ctx.compare = true;
	top_keep(t);
	buf_init(&b, 1 << 16);
	state_write(t, &b);
	assert_ptr_equal(state_parse(again, (struct str){b.p, b.len}), v);
	assert_int_equal(again->ctx.range.preset, RANGE_7D);
	assert_true(again->ctx.compare);
	top_push(again, v, &anywhere);
	assert_int_equal(top_page(again)->where.sort, started);
	assert_true(top_page(again)->off[cost]);
	assert_int_equal(top_page(again)->pictures, 2);
	top_keep(again);
	buf_init(&c, 1 << 16);
	state_write(again, &c);
	assert_string_equal(buf_str(&b), buf_str(&c));
	buf_release(&b);
	buf_release(&c);
	free_top(t);
	free_top(again);
}

static void state_makes_do_with_anything(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"view",
		"view task\n",       /* needs a task */
		"view nosuch\nsort", /* no line break at the end */
		"sort tasks nosuch desc\noff tasks nosuch task_id\n",
		"off nosuch x\npictures tasks 999999999999999999999\n",
		"pictures tasks -7\nrange soon\n\xff\xfe\n",
		"off tasks ext_id\n", /* the first column stays */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct top *t = new_top();

		assert_null(state_parse(t, str_from(texts[i])));
		assert_int_equal(t->ctx.range.preset, RANGE_24H);
		top_push(t, &view_tasks, &anywhere);
		assert_int_equal(top_page(t)->where.sort, view_tasks.sort);
		for (int c = 0; c < LAYOUT_COLS_MAX; c++)
			assert_false(top_page(t)->off[c]);
		free_top(t);
	}
}

static void views_keep_what_was_done_to_them(void **state)
{
	struct top *t = new_top();

	(void)state;
	top_push(t, &view_fleet, &anywhere);
	page_sort_by(top_page(t), 0);
	top_goto(t, &view_agents, &anywhere);
	assert_int_equal(t->depth, 1);
	assert_int_equal(top_page(t)->where.sort, view_agents.sort);
	top_replace(t, &view_fleet);
	assert_int_equal(t->depth, 1);
	assert_int_equal(top_page(t)->where.sort, 0);
	free_top(t);
}

/* ---- commands ---- */

static void commands_open_views(void **state)
{
	struct top *t = new_top();

	(void)state;
	top_push(t, &view_fleet, &anywhere);
	assert_true(command_run(t, "models") & REACT_GATHER);
	assert_ptr_equal(top_page(t)->view, &view_models);
	assert_true(command_run(t, " budg ") & REACT_GATHER);
	assert_ptr_equal(top_page(t)->view, &view_budgets);
	assert_true(command_run(t, "search two words") & REACT_GATHER);
	assert_string_equal(top_page(t)->where.at.text, "two words");
	assert_true(command_run(t, "q") & REACT_QUIT);
	assert_true(command_run(t, "quit") & REACT_QUIT);
	assert_false(command_run(t, "nosuch") & REACT_GATHER);
	assert_non_null(strstr(t->message, "no command"));
	assert_false(command_run(t, "t") & REACT_GATHER);
	assert_non_null(strstr(t->message, "several"));
	command_run(t, "range 7d");
	assert_int_equal(t->ctx.range.preset, RANGE_7D);
	command_run(t, "range soon");
	assert_non_null(strstr(t->message, "no time"));
	command_run(t, "class coding");
	assert_true(t->look_up.wanted);
	assert_string_equal(t->look_up.name, "coding");
	command_run(t, "fleet");
	command_run(t, "sort calls");
	assert_string_equal(view_fleet.cols[top_page(t)->where.sort].name,
			    "attempts");
	command_run(t, "filter cost>1 !x");
	assert_int_equal(top_page(t)->filter.n, 2);
	free_top(t);
}

static void completes(struct top *t, const char *typed, const char *want)
{
	char line[64];

	snprintf(line, sizeof(line), "%s", typed);
	assert_int_equal(command_complete(t, line, sizeof(line)), want != NULL);
	if (want)
		assert_string_equal(line, want);
}

static void tab_completes(void **state)
{
	struct top *t = new_top();
	int r;

	(void)state;
	top_push(t, &view_fleet, &anywhere);
	for (int i = 0; i < 2; i++) {
		r = table_add(&top_page(t)->table, &i, sizeof(i), -1);
		table_text(&top_page(t)->table, r, 0,
			   i ? STR("coding-b") : STR("coding-a"));
	}
	completes(t, "bud", "budgets ");
	completes(t, "t", "t"); /* team, theme, tasks, ...: nothing to add */
	completes(t, "ta", "task");
	completes(t, "zzz", NULL);
	completes(t, "class c", "class coding-");
	completes(t, "class x", NULL);
	completes(t, "agent c", NULL); /* agents are not open */
	free_top(t);
}

/* ---- the clipboard ---- */

static void clipboard_is_base64(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", "\033]52;c;\a"},
		{"f", "\033]52;c;Zg==\a"},
		{"fo", "\033]52;c;Zm8=\a"},
		{"foo", "\033]52;c;Zm9v\a"},
		{"foobar\xff", "\033]52;c;Zm9vYmFy/w==\a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b;

		buf_init(&b, 1024);
		clip_sequence(&b, cases[i].text);
		assert_string_equal(buf_str(&b), cases[i].want);
		buf_release(&b);
	}
}

/* ---- figures of JSON ---- */

static void dollars_are_exact(void **state)
{
	static const struct {
		const char *json;
		bool ok;
		int64_t pusd;
	} cases[] = {
		{"1", true, 1000000000000},
		{"\"0.212\"", true, 212000000000},
		{"-0.5", true, -500000000000},
		{"0.000000000001", true, 1},
		{"1.5e-2", true, 15000000000},
		{"\"x\"", false, 0},
		{"\"\"", false, 0},
		{"null", false, 0},
		{"1e300", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_doc doc;
		__int128 v = 0;
		struct err e;

		json_doc_init(&doc, 4);
		assert_int_equal(json_parse(&doc, str_from(cases[i].json), &e),
				 RC_OK);
		assert_int_equal(json_pusd(doc.nodes, &v), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal((int64_t)v, cases[i].pusd);
		json_doc_release(&doc);
	}
}

static void a_gauge_of_metrics(void **state)
{
	static const char page[] = "# HELP a lag\na_lag_max 3\n"
				   "a_lag 1.5\na{x=\"y\"} 7\nb nonsense\n";
	double v;

	(void)state;
	assert_true(health_gauge(page, "a_lag", &v) && v > 1.4 && v < 1.6);
	assert_false(health_gauge(page, "a", &v));
	assert_false(health_gauge(page, "b", &v));
	assert_false(health_gauge("", "b", &v));
}

/* ---- decisions ---- */

static void decisions_in_words(void **state)
{
	struct query_decision d = {
		.plan = STR("cascade(2 -> 4)"),
		.policy = STR("learned"),
		.live = true,
		.propensity_micro = 980000,
		.p_success = STR("0.5 0.75 - 0.9 nan"),
		.p_low = STR("0.4 0.7 - 0.8 -"),
		.p_high = STR("0.6 0.8 - 1 -"),
		.expected_pusd = STR("1000000000 20000000000 - x"),
		.reasons = STR("{\"rule\": \"r\", \"floor\": 2, \"moved\": "
			       "[{\"feature\": \"f\", \"by\": -0.1}]}"),
	};
	struct buf b;
	double p;

	(void)state;
	assert_false(reasons_p(d.p_success, 2, &p));
	assert_false(reasons_p(d.p_success, 4, &p));
	assert_false(reasons_p(d.p_success, 5, &p));
	assert_true(reasons_p(STR("-4.5 1"), 0, &p) && p < -4.4);
	buf_init(&b, 1 << 16);
	reasons_tell(&d, &b);
	assert_non_null(strstr(buf_str(&b), "cascade(2 -> 4), live"));
	assert_non_null(strstr(buf_str(&b), "75.0% $0.0200 (70- 80%)"));
	assert_non_null(strstr(buf_str(&b), "floor tier 2"));
	assert_non_null(strstr(buf_str(&b), "-0.100 ----"));
	/* The arms by name, where the router told them. */
	d.reasons =
		STR("{\"arms\": [{\"model\": \"m-1\", \"tier\": 2, "
		    "\"p\": 0.6, \"usd\": 0.25, \"out\": \"floor\"}, 7, {}], "
		    "\"moved\": [{\"feature\": \"g\", \"value\": 3, "
		    "\"log_odds\": 0.25}]}");
	buf_clear(&b);
	reasons_tiers(&d, &b);
	assert_non_null(strstr(buf_str(&b), "2 m-1"));
	assert_non_null(strstr(buf_str(&b), "$0.250"));
	assert_non_null(strstr(buf_str(&b), "(not: floor)"));
	buf_clear(&b);
	reasons_moved(&d, &b);
	assert_non_null(strstr(buf_str(&b), "+0.250 ++++"));
	/* What is no JSON has nothing to say. */
	assert_true(
		str_is(reasons_first(STR("single(gpt-5-mini)")), "gpt-5-mini"));
	assert_true(!reasons_first(STR("stop")).p);
	assert_int_equal(reasons_tier(&(struct query_decision){
				 .plan = STR("single(gpt-5-mini)")}),
			 0);
	assert_int_equal(reasons_tier(&(struct query_decision){
				 .plan = STR("cascade(tier:2 -> x)")}),
			 2);
	d.reasons = STR("{\"arms\": [");
	buf_clear(&b);
	reasons_moved(&d, &b);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	reasons_evidence(STR("1 NaN 0.5"), &b);
	assert_string_equal(buf_str(&b), "finish 1\ntool_json 0.5\n");
	buf_clear(&b);
	reasons_evidence(STR("NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN "
			     "NaN NaN NaN NaN 38 0.4 NaN 2"),
			 &b);
	assert_string_equal(buf_str(&b), "run_steps 38\nrun_looked 0.4\n"
					 "run_failed_streak 2\n");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_amiss_comes_first),
		cmocka_unit_test(state_round_trip),
		cmocka_unit_test(state_makes_do_with_anything),
		cmocka_unit_test(views_keep_what_was_done_to_them),
		cmocka_unit_test(commands_open_views),
		cmocka_unit_test(tab_completes),
		cmocka_unit_test(clipboard_is_base64),
		cmocka_unit_test(dollars_are_exact),
		cmocka_unit_test(a_gauge_of_metrics),
		cmocka_unit_test(decisions_in_words),
	};

	setlocale(LC_ALL, "C.UTF-8");
	text_set_unicode(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
