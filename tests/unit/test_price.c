/* The shipped prices: every name finds the row that it should, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "ledger/price_book.h"

static struct price_book *book;

static int setup(void **state)
{
	struct err e;

	(void)state;
	clock_fix(INT64_C(1795000000) * US_PER_SEC); /* 2026-11-18 */
	return price_book_builtin(&book, &e) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	price_book_free(book);
	return 0;
}

static int64_t at(const char *time)
{
	int64_t us;

	assert_true(clock_parse(str_from(time), &us));
	return us;
}

static const char *input_price(const struct price_row *r, char *buf)
{
	return price_format(r, PRICE_INPUT, buf);
}

static void test_table(void **state)
{
	size_t n;
	const struct price_row *r = price_book_rows(book, &n);

	(void)state;
	assert_int_equal(n, 543);
	for (size_t i = 0; i < n; i++) {
		struct price_found f;

		assert_int_equal(r[i].id, (int)i + 1);
		/* Each row's own name finds its model, now or later. */
		price_find(book, r[i].provider, r[i].model, TIME_NONE, &f);
		assert_non_null(f.newest);
		assert_int_equal(f.how, PRICE_EXACT);
		assert_true(str_eq(f.newest->model, r[i].model));
		assert_true(price_provider_known(r[i].provider));
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *provider, *model, *want; /* NULL: no price */
		enum price_how how;
	} cases[] = {
		{"anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5",
		 PRICE_EXACT},
		{"anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5",
		 PRICE_STRIPPED},
		{"Anthropic", "anthropic/claude-sonnet-4-5",
		 "claude-sonnet-4-5", PRICE_STRIPPED},
		{"anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 "claude-sonnet-4-5", PRICE_STRIPPED},
		{"anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-0",
		 PRICE_RULE},
		{"anthropic", "claude-3-5-haiku-20241022",
		 "claude-3-5-haiku-latest", PRICE_RULE},
		{"anthropic", "claude-3-5-sonnet@20240620", "claude-3-5-sonnet",
		 PRICE_STRIPPED},
		{"anthropic", "claude-opus-5-20260301", "claude-opus-5",
		 PRICE_STRIPPED},
		/* a further version is another model */
		{"anthropic", "claude-sonnet-5-5", NULL, PRICE_UNKNOWN},
		{"anthropic", "claude-sonnet-5.5-20260901", NULL,
		 PRICE_UNKNOWN},
		{"anthropic", "claude-haiku-5-5", NULL, PRICE_UNKNOWN},
		{"anthropic", "claude-opus-4-6-fast", NULL, PRICE_UNKNOWN},
		{"openai", "gpt-5", "gpt-5", PRICE_EXACT},
		{"openai", "gpt-5-2025-08-07", "gpt-5", PRICE_STRIPPED},
		{"openai", "openai/gpt-5", "gpt-5", PRICE_STRIPPED},
		{"openai", "gpt-5-mini", "gpt-5-mini", PRICE_EXACT},
		{"openai", "gpt-5-mini-2025-08-07", "gpt-5-mini",
		 PRICE_STRIPPED},
		{"openai", "gpt-5-codex", "gpt-5", PRICE_RULE},
		{"openai", "gpt-5.6-sol-2026-06-01", "gpt-5.6-sol",
		 PRICE_STRIPPED},
		{"openai", "gpt-5-huge", NULL, PRICE_UNKNOWN},
		{"openai", "gpt-5x", NULL, PRICE_UNKNOWN},
		{"openai", "gpt-7", NULL, PRICE_UNKNOWN},
		{"openai", "gpt", NULL, PRICE_UNKNOWN},
		{"openai", "", NULL, PRICE_UNKNOWN},
		{"openai", "ft:gpt-4o-2024-08-06:org:pro-mini:id", "ft:gpt-4o",
		 PRICE_RULE},
		/* the rules choose within the provider alone */
		{"openai", "claude-sonnet-4-5", NULL, PRICE_UNKNOWN},
		{"anthropic", "gpt-5", NULL, PRICE_UNKNOWN},
		{"openrouter", "openai/gpt-5", NULL, PRICE_UNKNOWN},
		{"my-proxy", "gpt-5", NULL, PRICE_UNKNOWN},
		{"gcp.vertex_ai", "gemini-2.5-pro", "gemini-2.5-pro",
		 PRICE_EXACT},
		{"gemini", "models/gemini-2.5-pro", "gemini-2.5-pro",
		 PRICE_STRIPPED},
		{"vertex_ai",
		 "publishers/anthropic/models/claude-sonnet-4-5@20250929",
		 "claude-sonnet-4-5", PRICE_STRIPPED},
		{"google", "gemini-2.5-pro-preview-06-05", "gemini-2.5-pro",
		 PRICE_RULE},
		{"google", "gemini-2.5-flash-lite-preview-09-2025",
		 "gemini-2.5-flash-lite", PRICE_RULE},
		{"google", "gemini-2.5-pro-tts-2", NULL, PRICE_UNKNOWN},
		{"google", "gemini-3.6-flash-lite", NULL, PRICE_UNKNOWN},
		{"google", "gemini-3.6-flash-001", "gemini-3.6-flash",
		 PRICE_RULE},
		{"aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 PRICE_RULE},
		{"aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 PRICE_EXACT},
		{"bedrock", "bedrock/eu.anthropic.claude-opus-4-6-v1",
		 "regional.anthropic.claude-opus-4-6-v1:0", PRICE_RULE},
		{"aws",
		 "arn:aws:bedrock:us-east-1:123:inference-profile/"
		 "us.anthropic.claude-haiku-4-5-20251001-v1:0",
		 "regional.anthropic.claude-haiku-4-5-20251001-v1:0",
		 PRICE_RULE},
		{"xai", "grok-4", "grok-4-0709", PRICE_RULE},
		{"x_ai", "xai/grok-4-0709", "grok-4-0709", PRICE_STRIPPED},
		{"groq", "openai/gpt-oss-120b", "openai/gpt-oss-120b",
		 PRICE_EXACT},
		{"azure", "o4-mini-deep-research", NULL, PRICE_UNKNOWN},
		/* without a provider */
		{"", "claude-sonnet-4-5", "claude-sonnet-4-5", PRICE_EXACT},
		{"", "gpt-5-mini", "gpt-5-mini", PRICE_EXACT},
		{"", "anthropic/claude-opus-5", "claude-opus-5",
		 PRICE_STRIPPED},
		{"", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
		 PRICE_RULE},
		{"", "some-model", NULL, PRICE_UNKNOWN},
	};

	(void)state;
	/* Twice: the second time from the cache. */
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t k = i % (sizeof(cases) / sizeof(cases[0]));
		struct price_found f;
		bool ok = price_find(book, str_from(cases[k].provider),
				     str_from(cases[k].model), at("2026-06-01"),
				     &f);
		struct str got = f.newest ? f.newest->model : STR("(none)");

		if (!cases[k].want) {
			if (ok || f.newest)
				fail_msg("%s %s gives %.*s", cases[k].provider,
					 cases[k].model, STR_ARG(got));
			assert_int_equal(f.how, PRICE_UNKNOWN);
			continue;
		}
		if (!f.newest || !str_is(got, cases[k].want) ||
		    f.how != cases[k].how)
			fail_msg("%s %s gives %.*s (%d)", cases[k].provider,
				 cases[k].model, STR_ARG(got), (int)f.how);
	}
}

static void test_long_names(void **state)
{
	char name[600];
	struct price_found f;

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "gpt-5-nano-", 11);
	assert_false(price_find(book, STR("openai"),
				(struct str){name, sizeof(name)}, TIME_NONE,
				&f));
	/* Longer than the cache keeps, but still a name. */
	assert_true(price_find(book, STR("openai"), (struct str){name, 250},
			       TIME_NONE, &f));
	assert_int_equal(f.how, PRICE_RULE);
	assert_false(price_find(book, (struct str){name, 300}, STR("gpt-5"),
				TIME_NONE, &f));
	assert_false(price_find(book, STR_NONE, STR_NONE, TIME_NONE, &f));
}

static void test_dates(void **state)
{
	static const struct {
		const char *provider, *model, *at, *input;
	} cases[] = {
		{"openai", "o3", "2025-06-09T23:59:59.999999Z", "10"},
		{"openai", "o3", "2025-06-10T00:00:00Z", "2"},
		{"openai", "o3", "2025-06-10T01:00:00+02:00", "10"},
		{"openai", "o3", NULL, "2"},
		{"openai", "o3", "1970-01-02", "10"},
		{"openai", "gpt-5.6-sol", "2026-08-20", "5"},
		{"openai", "gpt-5.6-sol", "2026-08-21", "4"},
		/* announced for 2027: not yet today's price */
		{"google", "gemini-3.6-flash", NULL, "0.75"},
		{"google", "gemini-3.6-flash", "2027-01-01", "1.5"},
		/* time of day */
		{"deepseek", "deepseek-chat", "2025-03-01T00:29:59Z", "0.135"},
		{"deepseek", "deepseek-chat", "2025-03-01T00:30:00Z", "0.27"},
		{"deepseek", "deepseek-chat", "2025-03-01T16:29:59.9Z", "0.27"},
		{"deepseek", "deepseek-chat", "2025-03-01T16:30:00Z", "0.135"},
		{"deepseek", "deepseek-chat", NULL, "0.135"},
		/* the last row that fits wins: peak hours, then the date */
		{"deepseek", "deepseek-v4-flash", "2026-09-01T02:00:00Z",
		 "0.44"},
		{"deepseek", "deepseek-v4-flash", "2026-09-01T05:00:00Z",
		 "0.22"},
		{"deepseek", "deepseek-v4-flash", "2026-08-16T05:00:00Z",
		 "0.14"},
	};
	char buf[MONEY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct price_found f;
		int64_t t = cases[i].at ? at(cases[i].at) : TIME_NONE;
		bool ok = price_find(book, str_from(cases[i].provider),
				     str_from(cases[i].model), t, &f);

		assert_non_null(f.newest);
		assert_true(ok);
		if (strcmp(input_price(f.row, buf), cases[i].input) != 0)
			fail_msg("%s at %s gives %s", cases[i].model,
				 cases[i].at ? cases[i].at : "any time", buf);
	}
}

static void test_before_first_day(void **state)
{
	static const char csv[] = "provider,model,valid_from,input_per_mtok\n"
				  "x,m,2026-07-30,1\n"
				  "x,m,2026-08-30,2\n";
	struct price_book *b = NULL;
	struct price_found f;
	struct err e;

	(void)state;
	assert_int_equal(price_book_csv(&b, STR(csv), "t.csv", &e), RC_OK);
	assert_false(price_find(b, STR("x"), STR("m"),
				at("2026-07-29T23:59:59Z"), &f));
	assert_non_null(f.newest);
	assert_int_equal(f.newest->id, 2);
	assert_true(price_find(b, STR("x"), STR("m"), at("2026-07-30"), &f));
	assert_int_equal(f.row->id, 1);
	price_book_free(b);
}

static void test_window_over_midnight(void **state)
{
	static const char csv[] = "provider,model,utc_window,input_per_mtok\n"
				  "x,m,,1\n"
				  "x,m,22:00:00Z-02:00:00Z,2\n";
	struct price_book *b = NULL;
	struct price_found f;
	struct err e;
	char buf[MONEY_TEXT];

	(void)state;
	assert_int_equal(price_book_csv(&b, STR(csv), "t.csv", &e), RC_OK);
	assert_true(price_find(b, STR("x"), STR("m"),
			       at("2026-01-01T23:00:00Z"), &f));
	assert_string_equal(input_price(f.row, buf), "2");
	assert_true(price_find(b, STR("x"), STR("m"),
			       at("2026-01-01T01:59:59Z"), &f));
	assert_string_equal(input_price(f.row, buf), "2");
	assert_true(price_find(b, STR("x"), STR("m"),
			       at("2026-01-01T02:00:00Z"), &f));
	assert_string_equal(input_price(f.row, buf), "1");
	price_book_free(b);
}

static void test_providers(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"openai", "openai"},
		{"OpenAI", "openai"},
		{"openai.responses", "openai"},
		{"openai.chat", "openai"},
		{"anthropic.messages", "anthropic"},
		{"gcp.gen_ai", "google"},
		{"gcp.gemini", "google"},
		{"gcp.vertex_ai", "google"},
		{"vertex_ai", "google"},
		{"google.generative-ai", "google"},
		{"aws.bedrock", "aws"},
		{"amazon-bedrock", "aws"},
		{"azure.ai.openai", "azure"},
		{"az.ai.inference", "azure"},
		{"mistral_ai", "mistral"},
		{"x_ai", "x-ai"},
		{"xai", "x-ai"},
		{"moonshot_ai", "moonshotai"},
		{" Groq ", "groq"},
		{"OpenRouter", "openrouter"},
		{"My-Proxy", "my-proxy"},
		{"ibm.watsonx.ai", "ibm"},
		{"gcp.other", "gcp.other"},
		{".openai", ".openai"},
	};
	char buf[PRICE_PROVIDER_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str got =
			price_provider(str_from(cases[i].in), buf, sizeof(buf));

		if (!str_is(got, cases[i].want))
			fail_msg("%s gives %.*s", cases[i].in, STR_ARG(got));
	}
	assert_null(price_provider(STR(" "), buf, sizeof(buf)).p);
	assert_null(price_provider(STR_NONE, buf, sizeof(buf)).p);
	assert_int_equal(price_provider(STR("\xc3\xa4\xc3\xa4"), buf, 3).len,
			 2);
	assert_true(price_provider_known(STR("openrouter")));
	assert_false(price_provider_known(STR("my-proxy")));
}

static void test_provider_of_model(void **state)
{
	static const struct {
		const char *model, *want;
	} cases[] = {
		{"gpt-5", "openai"},
		{"o3", "openai"},
		{"claude-opus-5", "anthropic"},
		{"gemini-2.5-pro", "google"},
		{"grok-4", "x-ai"},
		{"deepseek-chat", "deepseek"},
		{"mistral-large-latest", "mistral"},
		{"kimi-k2.5", "moonshotai"},
		{"openai/gpt-oss-120b", "openai"},
		{"openrouter/anthropic/claude-opus-5", "openrouter"},
		{"vertex_ai/claude-opus-5", "google"},
		{"anthropic.claude-3-haiku-20240307-v1:0", "aws"},
		{"amazon.nova-lite-v1:0", "aws"},
		{"llama-3", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str got =
			price_provider_of_model(book, str_from(cases[i].model));

		if (cases[i].want ? !str_is(got, cases[i].want) : got.p != NULL)
			fail_msg("%s gives %.*s", cases[i].model, STR_ARG(got));
	}
}

static void test_tiers(void **state)
{
	static const struct {
		const char *provider, *model;
		int tier;
	} cases[] = {
		{"openai", "gpt-5-nano", 1},
		{"openai", "gpt-6-luna", 1}, /* $0.20, an edge */
		{"openai", "gpt-5-mini", 2},
		{"google", "gemini-2.5-flash", 3},
		{"anthropic", "claude-haiku-4-5", 4},
		{"anthropic", "claude-sonnet-4-5", 4}, /* $6, an edge */
		{"openai", "gpt-5", 4},
		{"anthropic", "claude-opus-5", 5},
		{"openai", "text-embedding-3-small", 0}, /* no output price */
		{"openai", "gpt-9", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got = price_default_tier(book, str_from(cases[i].provider),
					     str_from(cases[i].model));

		if (got != cases[i].tier)
			fail_msg("%s is in tier %d", cases[i].model, got);
	}
}

/* The bands are fifths of the shipped table's models; when a new table is
 * shipped, this says by how much they are off. */
static void test_tiers_are_fifths(void **state)
{
	size_t n, in[6] = {0}, all = 0;
	const struct price_row *r = price_book_rows(book, &n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct price_found f;
		int tier;

		if (!price_find(book, r[i].provider, r[i].model, TIME_NONE,
				&f) ||
		    f.row != &r[i])
			continue;
		tier = price_default_tier(book, r[i].provider, r[i].model);
		in[tier]++;
		all += tier > 0;
	}
	assert_int_equal(all, 506);
	for (int i = 1; i <= 5; i++) {
		assert_true(in[i] * 100 > all * 15);
		assert_true(in[i] * 100 < all * 25);
	}
}

static void test_rules(void **state)
{
	static const char json[] =
		"[{\"id\":\"p\",\"model_match\":{\"regex\":\"^(?![^/]+/)m\"},"
		"\"models\":["
		"{\"id\":\"a\",\"match\":{\"and\":[{\"starts_with\":\"m-a\"},"
		"{\"regex\":\"^(?!.*-[tT][sS](?:$|-))\"}]}},"
		"{\"id\":\"b\",\"match\":{\"or\":[{\"ends_with\":\"-b\"},"
		"{\"regex\":\"^m\\\\.b-\\\\d{4}-\\\\d{2}$\"}]}},"
		"{\"id\":\"c\",\"match\":{\"contains\":\"cc\"}}]}]";
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"m-a", "a"},          {"m-a-x", "a"},
		{"m-a-ts", NULL},      {"m-a-TS-1", NULL},
		{"x-b", "b"},          {"m.b-2026-01", "b"},
		{"m.b-2026-0a", NULL}, {"mxb-2026-01", NULL},
		{"xccx", "c"},         {"cc-2", NULL},
		{"cc-2 cc", "c"},      {"cc-20", NULL},
		{"cc-200", "c"},       {"cc-2b", "c"},
		{"cc.1", NULL},        {"cc-mini", NULL},
		{"cc-minimal", "c"},   {"cc:mini", "c"},
		{"cc-tts", NULL},      {"m-a-05-20", "a"},
		{"m-a-5-20", NULL},    {"", NULL},
	};
	static const char *const bad[] = {
		"{}",
		"[{\"id\":\"p\"}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\"}]}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\",\"match\":{}}]}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\",\"match\":"
		"{\"or\":[]}}]}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\",\"match\":"
		"{\"like\":\"x\"}}]}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\",\"match\":"
		"{\"regex\":\"a(?=b)\"}}]}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\",\"match\":"
		"{\"regex\":\"\\\\w+\"}}]}]",
		"[{\"id\":\"p\",\"models\":[{\"id\":\"a\",\"match\":"
		"{\"regex\":\"(\"}}]}]",
	};
	struct price_rules *r = NULL;
	struct err e;

	(void)state;
	assert_int_equal(price_rules_new(&r, STR(json), &e), RC_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str got =
			price_rules_model(r, STR("p"), str_from(cases[i].name));

		if (cases[i].want ? !str_is(got, cases[i].want) : got.p != NULL)
			fail_msg("%s gives %.*s", cases[i].name, STR_ARG(got));
	}
	assert_null(price_rules_model(r, STR("q"), STR("m-a")).p);
	assert_true(str_is(price_rules_provider(r, STR("m-mini")), "p"));
	assert_null(price_rules_provider(r, STR("x/m")).p);
	price_rules_free(r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (price_rules_new(&r, str_from(bad[i]), &e) != RC_BAD)
			fail_msg("%s is taken", bad[i]);
	}
}

/* Every exact spelling of the shipped rules leads to the model that it stands
 * for: taking dates off first does not change what a rule says. */
static void check_equals(struct str provider, struct str id,
			 const struct json *rule)
{
	for (const struct json *v = json_first(rule); v;
	     v = json_next(rule, v)) {
		struct price_found f;

		if (json_is(v, JSON_ARRAY)) {
			for (const struct json *c = json_first(v); c;
			     c = json_next(v, c))
				check_equals(provider, id, c);
			continue;
		}
		if (!str_is(v->key, "equals"))
			continue;
		price_find(book, provider, v->text, TIME_NONE, &f);
		if (!price_book_model(book, provider, id))
			continue; /* known, but without a price */
		if (!f.newest || !str_eq(f.newest->model, id))
			fail_msg("%.*s %.*s is not %.*s", STR_ARG(provider),
				 STR_ARG(v->text), STR_ARG(id));
	}
}

static void test_rules_agree(void **state)
{
	struct json_doc doc;
	struct err e;
	int models = 0;

	(void)state;
	json_doc_init(&doc, 100000);
	assert_int_equal(json_parse(&doc, price_data_rules(), &e), RC_OK);
	for (const struct json *p = json_first(doc.nodes); p;
	     p = json_next(doc.nodes, p)) {
		const struct json *list = json_get(p, "models");

		for (const struct json *m = json_first(list); m;
		     m = json_next(list, m), models++)
			check_equals(json_get(p, "id")->text,
				     json_get(m, "id")->text,
				     json_get(m, "match"));
	}
	assert_true(models > 500);
	json_doc_release(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_before_first_day),
		cmocka_unit_test(test_window_over_midnight),
		cmocka_unit_test(test_providers),
		cmocka_unit_test(test_provider_of_model),
		cmocka_unit_test(test_tiers),
		cmocka_unit_test(test_tiers_are_fifths),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_agree),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
