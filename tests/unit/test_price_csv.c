/* Price files: what is taken, and that each mistake is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/money.h"
#include "ledger/price_csv.h"

struct seen {
	int n, last_line, fail_at;
	struct price_row row; /* the last */
	char provider[PRICE_PROVIDER_MAX + 1], model[300], window[40];
};

static enum rc keep(void *arg, const struct price_row *row, int line,
		    struct err *e)
{
	struct seen *s = arg;

	s->n++;
	s->last_line = line;
	s->row = *row;
	snprintf(s->provider, sizeof(s->provider), "%.*s",
		 STR_ARG(row->provider));
	snprintf(s->model, sizeof(s->model), "%.*s", STR_ARG(row->model));
	snprintf(s->window, sizeof(s->window), "%.*s",
		 STR_ARG(row->utc_window));
	if (s->n == s->fail_at)
		return err_set(e, RC_DOWN, "no more");
	return RC_OK;
}

static enum rc read_text(const char *text, struct seen *s, struct err *e)
{
	*s = (struct seen){0};
	return price_csv_read(str_from(text), "p.csv", keep, s, e);
}

static void test_good(void **state)
{
	struct seen s;
	struct err e;

	(void)state;
	assert_int_equal(
		read_text("model, provider ,input_per_mtok,output_per_mtok,"
			  "web_search_per_1k_usd,per_request_usd,"
			  "context_window,valid_from,utc_window,source_date\n"
			  "m1,OpenAI,1.25,,10,0.012,400000.0,2026-01-02,"
			  "00:30:00Z-16:30:00Z,2026-09-23\n",
			  &s, &e),
		RC_OK);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.last_line, 2);
	assert_string_equal(s.provider, "openai");
	assert_string_equal(s.model, "m1");
	assert_string_equal(s.window, "00:30:00Z-16:30:00Z");
	assert_int_equal(s.row.window_from, 1800);
	assert_int_equal(s.row.window_to, 59400);
	assert_int_equal(s.row.valid_from, 20455);
	assert_int_equal(s.row.source_date, 20719);
	assert_int_equal(s.row.v[PRICE_INPUT], INT64_C(1250000000));
	assert_true(s.row.v[PRICE_OUTPUT] == MONEY_NONE);
	assert_true(s.row.v[PRICE_CACHE_READ] == MONEY_NONE);
	assert_int_equal(s.row.v[PRICE_WEB_SEARCH], INT64_C(10000000000));
	assert_int_equal(s.row.v[PRICE_PER_REQUEST], INT64_C(12000000000));
	assert_int_equal(s.row.v[PRICE_CONTEXT_WINDOW], 400000);
}

static void test_forms(void **state)
{
	static const struct {
		const char *text;
		int rows, last_line;
		const char *model;
	} cases[] = {
		{"provider,model,input_per_mtok\n", 0, 0, ""},
		{"provider,model,input_per_mtok", 0, 0, ""},
		{"provider,model,input_per_mtok\nx,m,1", 1, 2, "m"},
		{"provider,model,input_per_mtok\r\nx,m,1\r\n", 1, 2, "m"},
		{"\xef\xbb\xbfprovider,model,input_per_mtok\nx,m,1\n", 1, 2,
		 "m"},
		{"provider,model,input_per_mtok\n\nx,m,1\n  \n\n", 1, 3, "m"},
		{"provider,model,input_per_mtok\nx,\"a,\"\"b\"\"\",1\n", 1, 2,
		 "a,\"b\""},
		{"provider,model,input_per_mtok\nx, m ,0\n", 1, 2, "m"},
		{"provider,model,input_per_mtok\n\"x\",\"m\",\"1\"\r\n", 1, 2,
		 "m"},
		{"provider,model,input_per_mtok\nx,m,\nx,n,0\n", 2, 3, "n"},
	};
	struct seen s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_text(cases[i].text, &s, &e) != RC_OK)
			fail_msg("case %zu: %s", i, e.msg);
		assert_int_equal(s.n, cases[i].rows);
		assert_int_equal(s.last_line, cases[i].last_line);
		assert_string_equal(s.model, cases[i].model);
	}
}

#define HEAD "provider,model,input_per_mtok,valid_from,utc_window,max_output\n"

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", "p.csv:1: the file is empty"},
		{" \n", "p.csv:1: the file is empty"},
		{"provider,model\n", "p.csv:1: there is no column "
				     "input_per_mtok"},
		{"provider,model,input_per_mtok,colour\n",
		 "p.csv:1: unknown column 'colour'"},
		{"provider,model,model,input_per_mtok\n",
		 "p.csv:1: column model is there twice"},
		{HEAD "x,m,1,,\n", "p.csv:2: 5 fields, the header has 6"},
		{HEAD "x,m,1,,,\nx,m,1,,,,\n",
		 "p.csv:3: 7 fields, the header has 6"},
		{HEAD "x,,1,,,\n", "p.csv:2: model is empty"},
		{HEAD ",m,1,,,\n", "p.csv:2: provider is empty"},
		{HEAD "x,m,-1,,,\n", "p.csv:2: input_per_mtok '-1' is not a "
				     "price (dollars, at most 9 decimals)"},
		{HEAD "x,m,0.0000000001,,,\n",
		 "p.csv:2: input_per_mtok '0.0000000001' is not a price "
		 "(dollars, at most 9 decimals)"},
		{HEAD "x,m,1e99,,,\n", "p.csv:2: input_per_mtok '1e99' is not "
				       "a price (dollars, at most 9 decimals)"},
		{HEAD "x,m,1,2026-02-30,,\n",
		 "p.csv:2: valid_from '2026-02-30' is not a date"},
		{HEAD "x,m,1,2026-01-01T00:00:00Z,,\n",
		 "p.csv:2: valid_from is longer than 10 bytes"},
		{HEAD "x,m,1,,25:00:00Z-01:00:00Z,\n",
		 "p.csv:2: utc_window '25:00:00Z-01:00:00Z' is not a time of "
		 "day like 00:30:00Z-16:30:00Z"},
		{HEAD "x,m,1,,01:00:00Z-01:00:00Z,\n",
		 "p.csv:2: utc_window '01:00:00Z-01:00:00Z' is not a time of "
		 "day like 00:30:00Z-16:30:00Z"},
		{HEAD "x,m,1,,,1.5\n",
		 "p.csv:2: max_output '1.5' is not a number of tokens"},
		{HEAD "x,\"m,1,,,\n", "p.csv:2: a quote is not closed"},
		{HEAD "x,\"m\"n,1,,,\n",
		 "p.csv:2: text behind a closing quote"},
		{HEAD "x,m\"n,1,,,\n",
		 "p.csv:2: a quote within a field that does not begin with "
		 "one"},
		{HEAD "x,\"a\nb\",1,,,\n", "p.csv:2: model 'a b' is not clean "
					   "text"},
		{HEAD "x,\"a\"\nx,m,1,,,\n",
		 "p.csv:2: 2 fields, the header has 6"},
		{HEAD "x,a\xff,1,,,\n", "p.csv:2: "},
		{"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a,b,c,d,"
		 "e,f,g,h,i,j,k\n",
		 "p.csv:1: more than 34 columns"},
	};
	struct seen s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].want);

		if (read_text(cases[i].text, &s, &e) != RC_BAD)
			fail_msg("case %zu is taken", i);
		if (strncmp(e.msg, cases[i].want, n) != 0)
			fail_msg("case %zu: %s", i, e.msg);
	}
}

static void test_bounds(void **state)
{
	static const char head[] = "provider,model,input_per_mtok\nx,";
	size_t n = sizeof(head) - 1, len = PRICE_LINE_MAX + 100;
	char *text = malloc(n + len + 1);
	struct seen s;
	struct err e;

	(void)state;
	assert_non_null(text);
	memcpy(text, head, n);
	memset(text + n, 'm', len);
	text[n + len] = '\0';
	assert_int_equal(read_text(text, &s, &e), RC_BAD);
	assert_string_equal(e.msg, "p.csv:2: the line is too long");
	text[n] = '"';
	assert_int_equal(read_text(text, &s, &e), RC_BAD);
	assert_string_equal(e.msg, "p.csv:2: the line is too long");
	text[n] = 'm';
	memcpy(text + n + 257, ",1", 3);
	assert_int_equal(read_text(text, &s, &e), RC_BAD);
	assert_string_equal(e.msg, "p.csv:2: model is longer than 256 bytes");
	memcpy(text + n + 256, ",1", 3);
	assert_int_equal(read_text(text, &s, &e), RC_OK);
	free(text);
	assert_int_equal(price_csv_read((struct str){"x", PRICE_CSV_MAX + 1},
					"p.csv", keep, &s, &e),
			 RC_BAD);
}

static void test_reader_stops(void **state)
{
	struct seen s = {.fail_at = 2};
	struct err e;

	(void)state;
	assert_int_equal(price_csv_read(STR("provider,model,input_per_mtok\n"
					    "x,a,1\n\nx,b,1\nx,c,1\n"),
					"p.csv", keep, &s, &e),
			 RC_DOWN);
	assert_int_equal(s.n, 2);
	assert_string_equal(e.msg, "p.csv:4: no more");
}

/* What price_format writes is what the reader reads. */
static void test_round_trip(void **state)
{
	char text[4096], buf[MONEY_TEXT];
	struct price_row want;
	struct seen s;
	struct err e;
	size_t n = 0;

	(void)state;
	price_row_init(&want);
	for (int i = 0; i < PRICE_COLS; i++)
		want.v[i] = i % 5 == 4 ? MONEY_NONE
				       : (i * INT64_C(123456) + 1) * 1000;
	n += (size_t)snprintf(text, sizeof(text), "provider,model");
	for (int i = 0; i < PRICE_COLS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",%s",
				      price_cols[i].name);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "\nx,m");
	for (int i = 0; i < PRICE_COLS; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, ",%s",
			price_format(&want, (enum price_col)i, buf));
	assert_int_equal(read_text(text, &s, &e), RC_OK);
	for (int i = 0; i < PRICE_COLS; i++)
		assert_true(s.row.v[i] == want.v[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_reader_stops),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
