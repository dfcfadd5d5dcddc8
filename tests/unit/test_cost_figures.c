/* What calls cost, to the pico-dollar: the golden cases, and figures that were
 * published where somebody got them wrong. */
#include <stdlib.h>

#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "tests/unit/costs.h"

/* ---- the golden cases ---- */

static char *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *p = malloc(1 << 20);

	if (!f || !p)
		fail_msg("cannot read %s: run from the top folder", path);
	*n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

static struct usage golden_usage(const struct json *j)
{
	static const struct {
		const char *key;
		enum usage_bucket bucket;
	} keys[] = {
		{"input_uncached", USAGE_UNCACHED_IN},
		{"cache_read", USAGE_CACHE_READ},
		{"cache_write_5m", USAGE_CACHE_WRITE_5M},
		{"cache_write_1h", USAGE_CACHE_WRITE_1H},
		{"output", USAGE_OUTPUT},
		{"web_search", USAGE_WEB_SEARCH},
	};
	struct usage u;
	uint32_t used = 0;

	usage_init(&u);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_i64(json_get(j, keys[i].key), &u.n[keys[i].bucket]))
			used++;
	}
	assert_int_equal(used, j->count); /* no key is overlooked */
	return u;
}

static void test_golden(void **state)
{
	struct json_doc doc;
	struct arena a;
	struct err e;
	size_t len;
	char *text = read_file("tests/data/golden_costs.json", &len);
	int64_t costs[64];
	int n = 0, must_not = 0;
	const struct json *cases;

	(void)state;
	arena_init(&a, 1 << 20);
	json_doc_init(&doc, 10000);
	assert_int_equal(json_parse(&doc, (struct str){text, len}, &e), RC_OK);
	cases = json_get(doc.nodes, "cases");
	for (const struct json *c = json_first(cases); c;
	     c = json_next(cases, c)) {
		struct str usd = json_str(json_get(c, "usd"), &a);
		struct str name = json_str(json_get(c, "name"), &a);
		int64_t want, at;
		struct cost k;

		assert_true(money_parse_pusd(usd, &want));
		if (json_true(json_get(c, "must_not"))) {
			int64_t of = 0;

			/* Cases count from 1. */
			assert_true(json_i64(json_get(c, "case"), &of));
			assert_true(of >= 1 && of <= n);
			assert_true(costs[of - 1] != want);
			costs[n++] = MONEY_NONE;
			must_not++;
			continue;
		}
		assert_true(clock_parse(json_str(json_get(c, "at"), &a), &at));
		k = cost_at(
			shipped,
			arena_str(&a, json_str(json_get(c, "provider"), &a)).p,
			arena_str(&a, json_str(json_get(c, "model"), &a)).p, "",
			at, golden_usage(json_get(c, "usage")));
		if (k.state != COST_PRICED || k.cost_pusd != want)
			fail_msg("%.*s: %lld pico-dollars %s", STR_ARG(name),
				 (long long)k.cost_pusd, k.reason);
		costs[n++] = k.cost_pusd;
	}
	assert_int_equal(n, 16);
	assert_int_equal(must_not, 1);
	json_doc_release(&doc);
	arena_release(&a);
	free(text);
}

/* ---- published figures ---- */

/* Claude Code logs cost_usd 0.00013925 for a call with writes of both
 * lifetimes; its log drops the split, the figure holds it. */
static void test_claude_code(void **state)
{
	(void)state;
	expect(shipped, "anthropic", "claude-opus-5", "", USAGE(5, 11, 3, 4, 2),
	       "0.00013925");
}

/* Cached tokens counted as fresh ones: "approximately $0.34", shown as
 * "~$1.68". Prices as printed: 1.25, 0.125 and 10 per Mtok. */
static void test_cached_as_fresh(void **state)
{
	(void)state;
	expect(shipped, "openai", "gpt-5", "",
	       USAGE(51232, 1188096, 0, 0, 12909), "0.341642");
	expect(shipped, "openai", "gpt-5", "",
	       USAGE(51232 + 1188096, 0, 0, 0, 12909), "1.67825");
}

/* Cache writes charged a second time as input: 1.06376125 was charged,
 * 1.85984625 was logged. Opus 4.7: 5, 6.25 and 25 per Mtok. */
static void test_writes_twice(void **state)
{
	(void)state;
	expect(shipped, "anthropic", "claude-opus-4-7", "",
	       USAGE(6, 0, 159217, 0, 2745), "1.06376125");
	expect(shipped, "anthropic", "claude-opus-4-7", "",
	       USAGE(6 + 159217, 0, 159217, 0, 2745), "1.85984625");
}

/* Usage in a chunk with choices was dropped: 0.000847 when the 15,872 cached
 * of 16,111 prompt tokens were seen, 0.003392 for 15,418 estimated tokens
 * without a cache. The token counts are printed, the prices are not: with
 * 0.22, 0.05 and 0.22 per Mtok both figures come out at the six decimals that
 * are printed. */
static void test_streamed_usage_lost(void **state)
{
	struct price_book *b = book_of(
		"provider,model,input_per_mtok,output_per_mtok,"
		"cache_read_per_mtok\n"
		"tensorx,deepseek/deepseek-v4-flash-0731,0.22,0.22,0.05\n");

	(void)state;
	expect(b, "tensorx", "deepseek/deepseek-v4-flash-0731", "",
	       USAGE(16111 - 15872, 15872, 0, 0, 2), "0.00084662");
	expect(b, "tensorx", "deepseek/deepseek-v4-flash-0731", "",
	       USAGE(15418, 0, 0, 0, 2), "0.0033924");
	price_book_free(b);
}

/* The cache split of the first iteration (31,490) stood for the total
 * (184,457): 152,967 written tokens were free. Neither model nor price is
 * printed; the split is. At Sonnet 5 the whole request is this, and the
 * difference is exactly those tokens at the write price. */
static void test_server_tool_turn(void **state)
{
	const int64_t fresh = 734311 - 426653 - 184457;
	struct cost all, first;

	(void)state;
	all = cost_at(shipped, "anthropic", "claude-sonnet-5", "", TIME_NONE,
		      USAGE(fresh, 426653, 184457, 0, 0, 0, 0, 0, 5));
	first = cost_at(shipped, "anthropic", "claude-sonnet-5", "", TIME_NONE,
			USAGE(fresh, 426653, 31490, 0, 0, 0, 0, 0, 5));
	assert_int_equal(all.cost_pusd, pusd("0.8428751"));
	assert_int_equal(all.cost_pusd - first.cost_pusd,
			 INT64_C(152967) * 2500000);
}

/* 1-hour writes at the 5-minute rate: $0.7435 shown as $0.4646875; over a
 * window $16.31 (1.9k, 16.3k, 4.8M, 533.8k tokens) shown as $12.31. */
static void test_one_hour_writes(void **state)
{
	(void)state;
	expect(shipped, "anthropic", "claude-fable-5", "",
	       USAGE(0, 0, 0, 37175, 0), "0.7435");
	expect(shipped, "anthropic", "claude-fable-5", "",
	       USAGE(0, 0, 37175, 0, 0), "0.4646875");
	expect(shipped, "anthropic", "claude-fable-5", "",
	       USAGE(1900, 4800000, 0, 533800, 16300), "16.31");
	expect(shipped, "anthropic", "claude-fable-5", "",
	       USAGE(1900, 4800000, 533800, 0, 16300), "12.3065");
}

/* Shown as $0.20, "approximately $0.0048". The printed tokens at the printed
 * prices (3.3, 4.1, 0.33 and 16.5 per Mtok) make 0.00467168; the list has
 * 4.125 for writes, not 4.1. $0.20 are all tokens but the three fresh ones
 * at 15 per Mtok, the price of output elsewhere: 0.198795. */
static void test_cache_as_output(void **state)
{
	struct price_book *b = book_of(
		"provider,model,input_per_mtok,output_per_mtok,"
		"cache_read_per_mtok,cache_write_5m_per_mtok\n"
		"aws,us.anthropic.claude-sonnet-4-5-20250929-v1:0,3.3,16.5,"
		"0.33,4.1\n");

	(void)state;
	expect(b, "aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "",
	       USAGE(3, 13216, 25, 0, 12), "0.00467168");
	expect(shipped, "aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
	       "", USAGE(3, 13216, 25, 0, 12), "0.004672305");
	expect(shipped, "anthropic", "claude-sonnet-4-5", "",
	       USAGE(0, 0, 0, 0, 13256 - 3), "0.198795");
	price_book_free(b);
}

/* A declined attempt (560,186 cache reads, 299 output tokens at Fable 5) was
 * charged at the rates of the model that answered, half of its own. The bill
 * for both attempts is printed, $0.8586; of the second one's tokens nothing
 * is, so that only the first is checked: what remains, $0.283464 to four
 * decimals, is less than the same reads cost at Fable's rate. */
static void test_declined_attempt(void **state)
{
	struct usage u = USAGE(0, 560186, 0, 0, 299);

	(void)state;
	expect(shipped, "anthropic", "claude-fable-5", "", u, "0.575136");
	expect(shipped, "anthropic", "claude-opus-4-8", "", u, "0.287568");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_claude_code),
		cmocka_unit_test(test_cached_as_fresh),
		cmocka_unit_test(test_writes_twice),
		cmocka_unit_test(test_streamed_usage_lost),
		cmocka_unit_test(test_server_tool_turn),
		cmocka_unit_test(test_one_hour_writes),
		cmocka_unit_test(test_cache_as_output),
		cmocka_unit_test(test_declined_attempt),
	};

	return cmocka_run_group_tests(tests, costs_setup, costs_teardown);
}
